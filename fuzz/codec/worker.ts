import { parentPort, workerData } from 'node:worker_threads';
import { runCases } from './run.js';
import type { CodecWork } from './thread.js';

const { seed, from, count, shared } = workerData as CodecWork;
const progress = new Int32Array(shared);
const figures = runCases(seed, from, count, {
  onCase: (number) => Atomics.store(progress, 0, number),
  stop: () => Atomics.load(progress, 1) !== 0,
});
parentPort?.postMessage(figures);
