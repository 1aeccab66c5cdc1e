import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'relay/test/**/*.test.ts',
            'rabbitmq/test/**/*.test.ts',
            'web/test/**/*.test.ts',
            'scripts/test/**/*.test.mjs',
          ],
          exclude: ['**/*.integration.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['relay/test/**/*.integration.test.ts', 'rabbitmq/test/**/*.integration.test.ts'],
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
