import { Worker } from 'node:worker_threads';
import type { Cleanup } from '../../bench/environment.js';
import type { CodecFigures } from './run.js';

export interface CodecWork {
  seed: number;
  from: number;
  count: number;
  /** Two numbers: the case that is running, and whether to end after it. */
  shared: SharedArrayBuffer;
}

const WORKER = new URL('./worker.js', import.meta.url);
const LOOK_MS = 1000;
const PROGRESS_MS = 15_000;
/** A case that has not ended by then never will. */
const HANG_MS = 30_000;
/** JavaScript objects of a thread in which nothing is kept from case to case. */
const HEAP_MB = 256;

/** Cases of the codec part. */
export interface CodecOptions {
  seed: number;
  from: number;
  count: number;
  /** Bound on the whole, in seconds. */
  seconds: number;
}

/** Runs the cases in a thread of their own, so that one that never ends, or eats all memory, is a finding as any other. */
export async function runInThread(
  { seed, from, count, seconds }: CodecOptions,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<CodecFigures> {
  const shared = new SharedArrayBuffer(8);
  const progress = new Int32Array(shared);
  const work: CodecWork = { seed, from, count, shared };
  const worker = new Worker(WORKER, {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  cleanup.add(async () => void (await worker.terminate()));
  const began = Date.now();
  let last = -1;
  let changedAt = began;
  let toldAt = began;
  return new Promise((resolve) => {
    const broken = (message: string) => {
      clearInterval(watch);
      void worker.terminate();
      resolve(brokenOff(seed, from, Atomics.load(progress, 0), message));
    };
    const watch = setInterval(() => {
      const number = Atomics.load(progress, 0);
      const now = Date.now();
      if (number !== last) changedAt = now;
      last = number;
      if (now - changedAt > HANG_MS) broken(`it did not end within ${HANG_MS / 1000} s`);
      if (now - began > seconds * 1000) Atomics.store(progress, 1, 1);
      if (now - toldAt < PROGRESS_MS) return;
      toldAt = now;
      log(`${number - from} cases`);
    }, LOOK_MS);
    worker.once('message', (figures: CodecFigures) => {
      clearInterval(watch);
      resolve(figures);
    });
    worker.once('error', (error) => broken(`the thread ended: ${error.message}`));
  });
}

/** What is known when the thread could not tell itself. */
function brokenOff(seed: number, from: number, number: number, message: string): CodecFigures {
  return {
    cases: number - from,
    counts: {},
    failures: 1,
    findings: [{ target: 'unknown', seed, number, message, input: '', hex: '', setup: '' }],
    slowest: { milliseconds: HANG_MS, case: String(number) },
  };
}
