import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * @param {string} file a report of Vitest's reporter "json"
 * @param {boolean} good whether Vitest ended well
 * @returns {Counts}
 */
export function vitestCounts(file, good) {
  const report = read(file);
  if (report === undefined) return broken;
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults ?? [];
  // A file that cannot even be loaded has no test that could fail.
  const dead = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  );
  return settled(
    {
      passed: report.numPassedTests,
      failed: report.numFailedTests + dead.length,
      skipped: report.numPendingTests + report.numTodoTests,
    },
    good,
  );
}

/**
 * @param {string} file a report of Playwright's reporter "json"
 * @param {boolean} good whether Playwright ended well
 * @returns {Counts}
 */
export function playwrightCounts(file, good) {
  const report = read(file);
  if (report === undefined) return broken;
  const { expected, unexpected, flaky, skipped } = report.stats;
  return settled({ passed: expected, failed: unexpected + flaky, skipped }, good);
}

/** @param {readonly Counts[]} all */
export function summary(all) {
  const sum = (/** @type {keyof Counts} */ key) => all.reduce((total, counts) => total + counts[key], 0);
  const skipped = sum('skipped');
  const failed = sum('failed');
  const text = `${sum('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { text, failed };
}

/** A run without a report is one failure: it must never look like success. */
const broken = { passed: 0, failed: 1, skipped: 0 };

/**
 * @param {Counts} counts
 * @param {boolean} good
 * @returns {Counts}
 */
function settled(counts, good) {
  return !good && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** @param {string} file */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
