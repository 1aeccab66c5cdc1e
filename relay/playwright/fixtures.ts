import { dirname, join, resolve } from 'node:path';
import {
  type BrowserContext,
  expect,
  type Fixtures,
  type Page,
  type PlaywrightTestArgs,
  type PlaywrightWorkerArgs,
  test,
  type WorkerInfo,
} from 'playwright/test';
import { brokerOfEnvironment } from './broker.js';
import { describeMatch } from './frames/describe.js';
import { FrameLog } from './frames/frame-log.js';
import { RelayUnderTest } from './relay.js';
import { RelayLog } from './relay-log.js';
import type { FrameMatch, RelayFixture, RelayOptions, StompFrame } from './types.js';

/** A broker may need a minute and a half on a busy machine. */
const START_TIMEOUT = 180_000;
/** Often enough to cost a test no time that anybody notices. */
const LOOK_EVERY = [20, 50, 100];

/** Waits for a frame of the page; see `RelayTestFixtures.expectFrame`. */
export type ExpectFrame = (
  page: Page,
  match: FrameMatch,
  options?: { readonly timeout?: number },
) => Promise<StompFrame>;

export interface RelayTestFixtures {
  /** All frames of the test's pages, from their first socket on. */
  frames: FrameLog;
  /**
   * Waits until the page has sent or received a frame that fits, and returns it. Frames that went by before the call count,
   * but each is returned once: two calls with the same match wait for two frames.
   * `timeout`: milliseconds, default that of `expect`.
   * @throws Error with the frames that the page did see, secrets masked
   */
  expectFrame: ExpectFrame;
  /**
   * False: pages have no SharedWorker, so that each tab opens a socket of its own. Playwright does
   * not see the sockets of a SharedWorker. Default true.
   */
  sharedWorkers: boolean;
  /** Internal: apart from `frames`, so that a test without a page starts no browser for its report. */
  frameLog: FrameLog;
  /** Internal. */
  relayReport: undefined;
}

export interface RelayWorkerFixtures {
  /** Set it with `test.use` at the top of a file, or in the configuration's `use`. */
  relayOptions: RelayOptions;
  /** A relay and a broker of this worker's own, started when the first test asks for it. */
  relay: RelayFixture;
  /** Internal. */
  relayHolder: { relay?: RelayUnderTest; readonly log: RelayLog };
}

/** For `base.extend<RelayTestFixtures, RelayWorkerFixtures>(relayFixtures)` with a `test` of one's own. */
export const relayFixtures: Fixtures<
  RelayTestFixtures,
  RelayWorkerFixtures,
  PlaywrightTestArgs,
  PlaywrightWorkerArgs
> = {
  relayOptions: [{}, { scope: 'worker', option: true }],
  sharedWorkers: [true, { option: true }],

  // Apart from `relay`, so that the report below starts none in tests that need none.
  relayHolder: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
    async ({}, use, worker) => {
      const log = new RelayLog(join(worker.project.outputDir, `relay-worker-${worker.workerIndex}.log`));
      await use({ log });
      log.close();
    },
    { scope: 'worker', box: true },
  ],

  relay: [
    async ({ relayOptions, relayHolder }, use, worker) => {
      const { log } = relayHolder;
      const relay = await RelayUnderTest.open(complete(relayOptions, worker), (chunk) => log.write(chunk));
      relayHolder.relay = relay;
      await use(relay);
      delete relayHolder.relay;
      await relay.close();
    },
    { scope: 'worker', timeout: START_TIMEOUT },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
  frameLog: async ({}, use) => use(new FrameLog()),

  frames: async ({ browser, frameLog, sharedWorkers }, use) => {
    const prepare = (context: BrowserContext) => {
      frameLog.watchContext(context);
      // The browser gets it before any page that the test makes; a context that is gone again needs none.
      if (!sharedWorkers) withoutSharedWorkers(context).catch(() => undefined);
    };
    browser.on('context', prepare);
    await use(frameLog);
    browser.off('context', prepare);
  },

  context: async ({ frames, sharedWorkers, context }, use) => {
    frames.watchContext(context);
    if (!sharedWorkers) await withoutSharedWorkers(context);
    await use(context);
  },

  expectFrame: async ({ frames }, use) => {
    await use((page, match, options) =>
      test.step(`expectFrame ${describeMatch(match)}`, () => waitFor(frames, page, match, options?.timeout), {
        box: true,
      }),
    );
  },

  relayReport: [
    async ({ relayHolder, frameLog }, use, info) => {
      const { relay, log } = relayHolder;
      // The test before may have left it stopped.
      await relay?.start();
      log.takeLatest();
      await use(undefined);
      if (info.status === info.expectedStatus) return;
      for (const [name, body] of [
        ['relay.log', log.takeLatest()],
        ['stomp-frames.txt', frameLog.describe()],
      ] as const) {
        if (body !== '') await info.attach(name, { body, contentType: 'text/plain' });
      }
    },
    { auto: true, box: true },
  ],
};

function withoutSharedWorkers(context: BrowserContext): Promise<unknown> {
  return context.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'SharedWorker');
  });
}

async function waitFor(
  frames: FrameLog,
  page: Page,
  match: FrameMatch,
  timeout: number | undefined,
): Promise<StompFrame> {
  let found = frames.take(page, match);
  const look = () => {
    found ??= frames.take(page, match);
    return found !== undefined;
  };
  try {
    // Of the configuration, where the call names none.
    const limit = timeout === undefined ? {} : { timeout };
    await expect.poll(look, { intervals: LOOK_EVERY, ...limit }).toBe(true);
  } catch (error) {
    if (found === undefined) throw new Error(frames.explain(page, match), { cause: error });
  }
  if (found === undefined) throw new Error(frames.explain(page, match));
  return found;
}

/** The access file made absolute, and the broker of the shell where none is named. */
function complete(options: RelayOptions, { config }: WorkerInfo): RelayOptions {
  const { accessFile } = options;
  const broker = options.broker ?? brokerOfEnvironment(process.env);
  const folder = config.configFile === undefined ? process.cwd() : dirname(config.configFile);
  return {
    ...options,
    ...(accessFile === undefined ? {} : { accessFile: resolve(folder, accessFile) }),
    ...(broker === undefined ? {} : { broker }),
  };
}
