import type { Rule } from '../rule.js';
import { findOpenDoors, findOpenRules } from './open-doors.js';
import { findOtherDoors } from './other-doors.js';
import { entriesOf, type LintOptions, type Warning } from './shape.js';
import { findVainSlow } from './slow.js';
import { findTenantLeaks } from './tenants.js';
import { findUseless } from './useless.js';

export type { LintOptions, Warning } from './shape.js';

/** What is likely not meant in rules that can be loaded, in the order of the file. */
export function lint(rules: readonly Rule[], options: LintOptions): Warning[] {
  const entries = entriesOf(rules);
  return [
    ...findUseless(entries, options),
    ...findOpenDoors(entries),
    ...findOpenRules(rules),
    ...findOtherDoors(entries),
    ...findVainSlow(rules),
    ...findTenantLeaks(entries, options),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
}
