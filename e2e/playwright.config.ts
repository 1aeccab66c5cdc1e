import { existsSync } from 'node:fs';
import { defineConfig } from 'playwright/test';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  throw new Error(`No Chromium at ${executablePath}. Install it or name it in CHROMIUM_PATH.`);
}

// Chromium's sandbox refuses to run as root.
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export default defineConfig({
  testDir: '.',
  testMatch: '*.test.ts',
  outputDir: '../test-results',
  globalSetup: './support/setup.ts',
  // The tests share one broker, two relays and the demo's services, and use users of their own.
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 900 },
    // All that happens stays on this machine.
    launchOptions: {
      executablePath,
      args: [
        ...sandbox,
        '--disable-quic',
        // There is none, and imitating one takes time.
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
    screenshot: 'only-on-failure',
    // Without the film, which costs a third of all the time.
    trace: { mode: 'retain-on-failure', screenshots: false },
  },
});
