import { defineConfig } from 'vitest/config';
import { sources } from './sources.config.js';

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: sources },
        test: {
          name: 'unit',
          include: [
            'relay/test/**/*.test.ts',
            'rabbitmq/test/**/*.test.ts',
            'demo/test/**/*.test.ts',
            'scripts/test/**/*.test.mjs',
          ],
          exclude: ['**/*.integration.test.ts'],
          // Property tests try hundreds of cases; a busy machine is no failure.
          testTimeout: 20_000,
          // A process for each file, that loads everything anew, takes longer than the tests themselves.
          isolate: false,
          maxWorkers: 2,
        },
      },
      {
        resolve: { alias: sources },
        test: {
          name: 'web',
          include: ['web/test/**/*.test.{ts,tsx}'],
          testTimeout: 20_000,
          maxWorkers: 2,
        },
      },
      {
        resolve: { alias: sources },
        test: {
          name: 'integration',
          include: [
            'relay/test/**/*.integration.test.ts',
            'rabbitmq/test/**/*.integration.test.ts',
            'demo/test/**/*.integration.test.ts',
          ],
          globalSetup: ['relay/test/support/broker-setup.ts'],
          setupFiles: ['relay/test/support/vhost-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 90_000,
          maxWorkers: 3,
        },
      },
    ],
  },
});
