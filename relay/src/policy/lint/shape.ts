import type { Action } from '../../destination.js';
import type { PatternWord } from '../pattern.js';
import type { PlacedPattern, Rule } from '../rule.js';

/** A pattern with the rule that it stands in. */
export interface Entry {
  readonly rule: Rule;
  readonly action: Action;
  readonly pattern: PlacedPattern;
}

/** Something to think about; nothing that keeps the relay from starting. */
export interface Warning {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface LintOptions {
  /** The claim that names the tenant (RELAY_TENANT_CLAIM). */
  readonly tenantClaim: string;
  /** The claim that carries the roles (RELAY_ROLES_CLAIM). */
  readonly rolesClaim: string;
}

export function entriesOf(rules: readonly Rule[]): Entry[] {
  return rules.flatMap((rule) =>
    (['subscribe', 'send'] as const).flatMap((action) =>
      rule[action].map((pattern) => ({ rule, action, pattern })),
    ),
  );
}

export function warn(entry: Entry, message: string): Warning {
  const { line, column } = entry.pattern;
  return { line, column, message };
}

/** Whether a rule is for everybody who is signed in. */
export function isForAll({ when }: Rule): boolean {
  return when.length === 0;
}

/**
 * The words with each placeholder as a word of its own, for questions of the kind "does this always cover that?": the
 * same placeholder covers itself, nothing is known of two different ones.
 */
export function fixedSegments({ segments }: PlacedPattern): string[][] {
  return segments.map((words) => words.map(fixedWord));
}

/** The words with each placeholder as `*`, for "may these ever overlap?". */
export function looseSegments({ segments }: PlacedPattern): string[][] {
  return segments.map((words) => words.map((word) => (typeof word === 'string' ? word : '*')));
}

function fixedWord(word: PatternWord): string {
  // No literal word has braces in it.
  return typeof word === 'string' ? word : `${word.before}{${word.claim}}${word.after}`;
}

/** "line 12" with the rule's name, as far as it has one. */
export function whichRule({ rule: { name }, pattern: { line } }: Entry): string {
  return name === undefined ? `line ${line}` : `line ${line} (${name})`;
}
