import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../claims.js';
import type { HeaderGrants } from '../header-grants.js';
import type { Placeholder } from '../pattern.js';
import type { Rule } from '../rule.js';
import { covers, everySegment } from '../topic-match.js';
import {
  type Entry,
  fixedSegments,
  isForAll,
  type LintOptions,
  type Warning,
  warn,
  whichRule,
} from './shape.js';

/** Claims that are never one word of a destination, or another one with every token (RFC 7519, 4.1). */
const NO_WORDS: Readonly<Record<string, string>> = {
  iss: 'is a URL as a rule',
  exp: 'is a time',
  nbf: 'is a time',
  iat: 'is a time',
};

/** Patterns that change nothing: they can never match, or another says the same already. */
export function findUseless(entries: readonly Entry[], options: LintOptions): Warning[] {
  return entries.flatMap((entry, i) => {
    const denied = entry.rule.deny
      ? undefined
      : entries.find(
          ({ rule, ...other }) => rule.deny && isForAll(rule) && isCovered(entry, { rule, ...other }),
        );
    if (denied) {
      return [
        warn(
          entry,
          `"${entry.pattern.text}" never matches: ${whichRule(denied)} denies all of it to everybody`,
        ),
      ];
    }
    const unfit = unfitPlaceholder(entry, options);
    if (unfit) return [warn(entry, `"${entry.pattern.text}" never matches: ${unfit}`)];
    const same = entries.find((other, j) => j !== i && makesNeedless(other, entry, j < i));
    return same ? [warn(entry, `"${entry.pattern.text}" adds nothing: ${whichRule(same)} covers it`)] : [];
  });
}

function makesNeedless(other: Entry, entry: Entry, earlier: boolean): boolean {
  if (other.rule.deny !== entry.rule.deny || !isCovered(entry, other)) return false;
  // In one rule the order means nothing; of two that are equal the first stays.
  if (other.rule === entry.rule) return earlier || !isCovered(other, entry);
  if (!earlier || !includesHeaders(other.rule.headers, entry.rule.headers)) return false;
  // The first rule that says it decides, not the first that allows.
  if (entry.action === 'subscribe' && entry.rule.slow && !other.rule.slow) return false;
  return isForAll(other.rule) || sameConditions(other.rule, entry.rule);
}

/** Whether every destination that `entry` matches is matched by `by`. */
function isCovered(entry: Entry, by: Entry): boolean {
  if (by.action !== entry.action || by.pattern.kind !== entry.pattern.kind) return false;
  return everySegment(covers, fixedSegments(by.pattern), fixedSegments(entry.pattern));
}

function sameConditions(a: Rule, b: Rule): boolean {
  return isDeepStrictEqual(a.when, b.when);
}

function includesHeaders(all: HeaderGrants, some: HeaderGrants): boolean {
  return [...some].every(([name, allowed]) => {
    const granted = all.get(name);
    return granted?.some(({ kind }) => kind === 'any') || isDeepStrictEqual(granted, allowed);
  });
}

/** Why a placeholder of an allowing pattern has no value that fits, if so. In a denying one it would match any word. */
function unfitPlaceholder({ rule, pattern }: Entry, { rolesClaim }: LintOptions): string | undefined {
  if (rule.deny) return undefined;
  for (const word of pattern.segments.flat()) {
    if (typeof word === 'string') continue;
    const name = `{${word.claim}}`;
    if (word.claim === rolesClaim) return `${name} is a list as a rule, and a placeholder takes one word`;
    if (Object.hasOwn(NO_WORDS, word.claim) && !word.user) {
      return `${name} ${NO_WORDS[word.claim]}, and a placeholder takes a name`;
    }
    for (const { claim, condition } of rule.when) {
      if (claim === word.claim && excludes(condition, word)) {
        return `under the rule's own conditions ${name} is absent or no word`;
      }
    }
  }
  return undefined;
}

function excludes(condition: Condition, word: Placeholder): boolean {
  switch (condition.kind) {
    case 'exists':
      return !condition.expected;
    case 'not':
      return condition.condition.kind === 'exists' && condition.condition.expected;
    case 'any-of':
      return condition.values.every(
        (value) => typeof value === 'boolean' || (!word.user && /[./*#%]/.test(`${value}`)),
      );
  }
}
