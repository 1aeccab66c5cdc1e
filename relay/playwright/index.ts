import { test as base } from 'playwright/test';
import { type RelayTestFixtures, type RelayWorkerFixtures, relayFixtures } from './fixtures.js';

export { expect } from 'playwright/test';
export type { ExpectFrame, RelayTestFixtures, RelayWorkerFixtures } from './fixtures.js';
export { relayFixtures } from './fixtures.js';
export type { FrameLog } from './frames/frame-log.js';
export type {
  BodyPart,
  FrameMatch,
  GivenBroker,
  PublishOptions,
  RelayFixture,
  RelayOptions,
  StompFrame,
  UnreadMessage,
} from './types.js';

/** Playwright's `test` with a relay: see README.md beside this file. */
export const test = base.extend<RelayTestFixtures, RelayWorkerFixtures>(relayFixtures);
