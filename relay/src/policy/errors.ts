/** One thing that is wrong in an access file; `line` and `column` count from 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** An access file that cannot be used. The message lists every problem, one per line, as `file:line:column: what to do`. */
export class PolicyError extends Error {
  readonly code = 'ERR_POLICY';
  readonly fileName: string;
  readonly problems: readonly PolicyProblem[];

  constructor(fileName: string, problems: readonly PolicyProblem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    super(sorted.map((p) => `${fileName}:${p.line}:${p.column}: ${p.message}`).join('\n'));
    this.name = 'PolicyError';
    this.fileName = fileName;
    this.problems = sorted;
  }
}
