import { BlockedError } from '../broker/visit.js';
import { TimeoutError } from '../util/timeout.js';
import type { Check } from './check.js';
import type { Examination } from './examination.js';
import { found, NotChecked, type Told, unchecked } from './finding.js';
import { ManagementError } from './management.js';

/** What one check has said. */
export interface Result {
  readonly check: string;
  readonly about: string;
  readonly told: readonly Told[];
}

/** Runs checks side by side, each for `timeout` milliseconds at most; the results are in their order. Never rejects. */
export async function runChecks(
  checks: readonly Check[],
  examination: Examination,
  timeout: number,
): Promise<Result[]> {
  try {
    return await Promise.all(checks.map((check) => runCheck(check, examination, timeout)));
  } finally {
    await examination.close();
  }
}

async function runCheck(check: Check, examination: Examination, timeout: number): Promise<Result> {
  const { name, about } = check;
  const told: Told[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(about, timeout)), timeout);
  });
  const telling = (async () => {
    for await (const one of check.run(examination)) told.push(one);
  })();
  telling.catch(() => {});
  try {
    await Promise.race([telling, late]);
  } catch (error) {
    told.push(untold(about, error));
  } finally {
    clearTimeout(timer);
  }
  // What comes after its time is not part of the answer.
  return { check: name, about, told: [...told] };
}

function untold(about: string, error: unknown): Told {
  if (error instanceof NotChecked || error instanceof TimeoutError) {
    return unchecked(about, error.message);
  }
  if (error instanceof BlockedError) {
    return unchecked(about, 'the broker takes no messages; see above');
  }
  if (error instanceof ManagementError) {
    return unchecked(about, `the management did not answer: ${error.message}`);
  }
  const message = error instanceof Error ? error.message : String(error);
  return found(
    'DOC_CHECK_FAILED',
    `${about}: ${message}`,
    'run it again with --json, and report what it says',
  );
}
