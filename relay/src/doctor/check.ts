import type { Examination } from './examination.js';
import type { Told } from './finding.js';

/**
 * One concern. `run` tells what it finds as it finds it; what it throws besides NotChecked and ManagementError is a defect.
 * Nothing that it does may outlive the examination at the broker.
 */
export interface Check {
  /** For `--only`. */
  readonly name: string;
  /** What is looked at, as one would say it after "not checked:". */
  readonly about: string;
  run(examination: Examination): AsyncIterable<Told>;
}
