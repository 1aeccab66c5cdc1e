import { caseRandom, weighted } from '../seeds.js';
import { minimise } from './minimise.js';
import type { Input, Target } from './target.js';
import { targets } from './targets.js';

/** A case in which something did not hold. */
export interface Finding {
  target: string;
  seed: number;
  number: number;
  message: string;
  /** What fails, made smaller, and the circumstances, as JSON. */
  input: string;
  /** The same in hexadecimal (octets, or UTF-8 of a text). */
  hex: string;
  setup: string;
}

export interface CodecFigures {
  cases: number;
  /** By target. */
  counts: Record<string, number>;
  /** Cases that failed; of those that are alike, only the first are among the findings. */
  failures: number;
  findings: Finding[];
  /** The slowest case in milliseconds, and which. */
  slowest: { milliseconds: number; case: string };
}

export interface Progress {
  /** Told before each case, so that one that never ends is known. */
  onCase?(number: number): void;
  /** Ends the run early when it says so. */
  stop?(): boolean;
}

const choices = targets.map((target) => [target.weight, target] as const);
/** Of one place in the code; more of them say nothing new. */
const MOST_ALIKE = 2;
const MOST_FINDINGS = 20;

/** A case that takes longer is no longer in proportion to its input; hundreds of times what the slowest needs. */
export const MOST_MILLISECONDS = 2000;
/** What the machine does meanwhile must not count, so a slow one is tried again. */
const ATTEMPTS = 3;

/** Runs cases `from` to `from + count - 1` of this seed. */
export function runCases(seed: number, from: number, count: number, progress: Progress = {}): CodecFigures {
  const alike = new Map<string, number>();
  const figures: CodecFigures = {
    cases: 0,
    counts: {},
    failures: 0,
    findings: [],
    slowest: { milliseconds: 0, case: '' },
  };
  for (let number = from; number < from + count; number++) {
    if (progress.stop?.() || figures.findings.length >= MOST_FINDINGS) break;
    progress.onCase?.(number);
    const { target, input, setup } = makeCase(seed, number);
    figures.cases++;
    figures.counts[target.name] = (figures.counts[target.name] ?? 0) + 1;
    let milliseconds = Number.POSITIVE_INFINITY;
    let message: string | undefined;
    for (let attempt = 0; attempt < ATTEMPTS && milliseconds > MOST_MILLISECONDS; attempt++) {
      const began = performance.now();
      message = failure(target, input, setup);
      milliseconds = Math.min(milliseconds, performance.now() - began);
    }
    if (milliseconds > figures.slowest.milliseconds) {
      figures.slowest = {
        milliseconds,
        case: `${number} (${target.name}${target.name === 'long input' ? `: ${input}` : ''})`,
      };
    }
    if (milliseconds > MOST_MILLISECONDS) message ??= `it took ${Math.round(milliseconds)} ms`;
    if (message === undefined) continue;
    figures.failures++;
    const seen = (alike.get(placeOf(message)) ?? 0) + 1;
    alike.set(placeOf(message), seen);
    if (seen <= MOST_ALIKE) figures.findings.push(describe(target, input, setup, seed, number, message));
  }
  return figures;
}

function makeCase(seed: number, number: number): { target: Target; input: Input; setup: unknown } {
  const random = caseRandom(seed, 'codec', number);
  const target = weighted(random, choices);
  return { target, ...target.make(random) };
}

/** What is wrong with a case, or undefined. */
function failure(target: Target, input: Input, setup: unknown): string | undefined {
  try {
    target.check(input, setup);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}\n${firstFrames(error)}` : String(error);
  }
}

/** Two failures of one place are taken for the same. */
function placeOf(message: string): string {
  return message.slice(message.indexOf('\n    at '));
}

function firstFrames(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 3)
    .join('\n');
}

function describe(
  target: Target,
  input: Input,
  setup: unknown,
  seed: number,
  number: number,
  message: string,
): Finding {
  const small = message.startsWith('it took')
    ? input
    : minimise(input, (smaller) => placeOf(failure(target, smaller, setup) ?? '') === placeOf(message));
  const bytes = Buffer.isBuffer(small)
    ? small
    : Buffer.from(typeof small === 'string' ? small : small.join('\n'));
  return {
    target: target.name,
    seed,
    number,
    message: (failure(target, small, setup) ?? message).slice(0, 2000),
    input: Buffer.isBuffer(small) ? JSON.stringify(small.toString('latin1')) : JSON.stringify(small),
    hex: bytes.subarray(0, 2000).toString('hex'),
    setup: JSON.stringify(setup),
  };
}
