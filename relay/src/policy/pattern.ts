import type { Identity } from '../auth/identity.js';
import type { Action, DestinationKind } from '../destination.js';
import { isReservedExchange, isReservedQueue, userWord } from '../destination.js';
import { claimOf } from './claims.js';
import { suggest } from './suggest.js';

/** One word of a pattern: a literal, `*`, `#`, or text with one placeholder in it. */
export type PatternWord = string | Placeholder;

export interface Placeholder {
  readonly claim: string;
  readonly before: string;
  readonly after: string;
  /** Whether the word is a user's, so that the value is encoded by `userWord` and can be any name. */
  readonly user: boolean;
}

/** A destination pattern of an access file or a token; `segments` lines up with `Destination.words`. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  readonly kind: DestinationKind;
  readonly segments: readonly (readonly PatternWord[])[];
  /** The same when there are no placeholders: nothing is left to be done for a decision. */
  readonly fixed: readonly (readonly string[])[] | undefined;
}

/** What is wrong with a pattern and what to write instead. */
export class PatternError extends Error {}

const PREFIXES = [
  '/user/',
  '/topic/',
  '/app/',
  '/queue/',
  '/amq/queue/',
  '/temp-queue/',
  '/reply-queue/',
  '/exchange/',
];
const MAX_PATTERN = 1024;
const CLAIM_NAME = /^[A-Za-z_][\w.:/-]*$/;
/** What cannot be in one literal word of a destination. */
const NOT_A_WORD = /[./*#%\p{Cc}\p{Cs}]/u;

/**
 * Reads one pattern of an access file.
 * @throws PatternError
 */
export function parsePattern(text: string, action: Action): Pattern {
  if (text.length > MAX_PATTERN)
    throw new PatternError(`the pattern is longer than ${MAX_PATTERN} characters`);
  if (/[\s\p{Cc}\p{Cs}]/u.test(text)) {
    throw new PatternError(
      `the pattern ${JSON.stringify(text)} has spaces or control characters: write one pattern per list item`,
    );
  }
  if (!text.startsWith('/'))
    throw new PatternError(`the pattern "${text}" must begin with one of ${PREFIXES.join(' ')}`);
  const [, type = '', ...rest] = splitOutsideBraces(text, '/');
  const { kind, segments } = parseSegments(text, type, rest, action);
  const fixed = segments.every((words) => words.every((word) => typeof word === 'string'))
    ? (segments as string[][])
    : undefined;
  return { text, kind, segments, fixed };
}

function parseSegments(
  text: string,
  type: string,
  rest: string[],
  action: Action,
): Pick<Pattern, 'kind' | 'segments'> {
  switch (type) {
    case 'user': {
      if (action === 'subscribe') {
        throw new PatternError(
          `"${text}" is not needed: everybody may subscribe to their own /user/… and nobody to another's; remove it`,
        );
      }
      const [name = '', ...what] = rest;
      if (what.length === 0)
        throw new PatternError(
          `"${text}" is incomplete: write /user/<name, * or {claim}>/<what>, such as /user/*/topic/#`,
        );
      return { kind: 'user', segments: [[userSegment(text, name)], keyWords(text, what.join('.'))] };
    }
    case 'topic':
      return { kind: type, segments: [keyWords(text, one(text, rest))] };
    case 'app':
      if (action === 'subscribe') throw new PatternError(`"${text}" can only be sent to: move it to "send"`);
      return { kind: type, segments: [keyWords(text, rest.join('.'))] };
    case 'reply-queue':
      if (action === 'subscribe') throw new PatternError(`"${text}" can only be sent to: move it to "send"`);
      return { kind: type, segments: [queueWords(text, one(text, rest))] };
    case 'queue':
    case 'temp-queue':
      return { kind: type, segments: [queueWords(text, one(text, rest))] };
    case 'amq':
      if (rest[0] !== 'queue') break;
      return { kind: 'amq-queue', segments: [queueWords(text, one(text, rest.slice(1)))] };
    case 'exchange': {
      const [name = '', key] = rest;
      if (rest.length > 2)
        throw new PatternError(
          `"${text}" has too many slashes: write /exchange/<name>/<key>, with "." inside the key`,
        );
      if (isReservedExchange(name))
        throw new PatternError(`"${text}" can never match: exchanges of that name are reserved; remove it`);
      return { kind: type, segments: [keyWords(text, name), key === undefined ? [] : keyWords(text, key)] };
    }
  }
  throw new PatternError(
    `"${text}" begins with no known destination (${PREFIXES.join(' ')})${suggest(`/${type}/`, PREFIXES)}`,
  );
}

/**
 * The pattern for one user, placeholders filled in, or undefined when a claim is absent or its value does not fit.
 *
 * A value becomes one literal word: a claim `#` or `a.b` must not widen a rule, so a value with
 * separators or wildcards does not fit (in a user segment every name does, encoded).
 * @param otherwise what a placeholder without a fitting value does: `fail` the pattern (for rules that allow), or
 *   match `any` word (for rules that deny, where failing would open what the rule closes)
 */
export function fillIn(
  pattern: Pattern,
  identity: Identity,
  otherwise: 'fail' | 'any',
): readonly (readonly string[])[] | undefined {
  if (pattern.fixed !== undefined) return pattern.fixed;
  const segments: string[][] = [];
  for (const words of pattern.segments) {
    const filled: string[] = [];
    for (const word of words) {
      const value = typeof word === 'string' ? word : fillWord(word, identity);
      if (value === undefined && otherwise === 'fail') return undefined;
      filled.push(value ?? '*');
    }
    segments.push(filled);
  }
  return segments;
}

function fillWord(word: Placeholder, identity: Identity): string | undefined {
  const claim = claimOf(identity, word.claim);
  const value = Number.isSafeInteger(claim) ? String(claim) : claim;
  if (typeof value !== 'string' || value === '') return undefined;
  if (!word.user) return NOT_A_WORD.test(value) ? undefined : word.before + value + word.after;
  try {
    return word.before + userWord(value) + word.after;
  } catch {
    return undefined;
  }
}

function keyWords(text: string, key: string): PatternWord[] {
  return splitOutsideBraces(key, '.').map((raw) => {
    if (raw === '')
      throw new PatternError(`"${text}" has an empty word: no "//", no "..", and no "." or "/" at an end`);
    if (raw === '*' || raw === '#') return raw;
    if (/[*#]/.test(raw.replace(/\{[^{}]*\}/g, ''))) {
      throw new PatternError(
        `"${text}" has a wildcard inside the word "${raw}": "*" (one word) and "#" (any words) stand alone`,
      );
    }
    return word(text, raw, (part) => {
      if (part.includes('%'))
        throw new PatternError(
          `"${text}" has a "%": percent escapes are only known in the name of /user/<name>/…`,
        );
      return part;
    });
  });
}

function queueWords(text: string, name: string): PatternWord[] {
  if (isReservedQueue(name))
    throw new PatternError(`"${text}" can never match: queues of that name are reserved; remove it`);
  return keyWords(text, name);
}

/** The user segment is one word, whatever dots are in the name, written as it is or percent-encoded. */
function userSegment(text: string, raw: string): PatternWord {
  if (raw === '*') return raw;
  if (raw === '' || /[*#]/.test(raw.replace(/\{[^{}]*\}/g, ''))) {
    throw new PatternError(
      `"${text}" must name one user, or "*" for every user: write /user/<name, * or {claim}>/<what>`,
    );
  }
  return word(
    text,
    raw,
    (part) => {
      try {
        return part === '' ? '' : userWord(decodeURIComponent(part));
      } catch {
        throw new PatternError(
          `"${text}" has a user name with a broken percent escape or control characters: encode it with encodeURIComponent`,
        );
      }
    },
    true,
  );
}

/** A literal, or a placeholder with literal text around it. */
function word(text: string, raw: string, literal: (part: string) => string, user = false): PatternWord {
  const parts = /^([^{}]*)\{([^{}]*)\}([^{}]*)$/.exec(raw);
  if (parts === null) {
    if (!/[{}]/.test(raw)) return literal(raw);
    // With two in a word, {a}-{b} could be the same word for the claims "1-2","3" and "1","2-3".
    throw new PatternError(
      `"${text}" has a placeholder that cannot be read in "${raw}": write {claim}, at most one in a word`,
    );
  }
  const [, before = '', claim = '', after = ''] = parts;
  if (before.endsWith('$'))
    throw new PatternError(`"${text}" has "\${${claim}}": write {${claim}}, without the "$"`);
  if (!CLAIM_NAME.test(claim)) {
    throw new PatternError(
      `"${text}" has the placeholder "{${claim}}": write the name of a claim, such as {sub} or {realm.tenant}, or {user} for the user name`,
    );
  }
  return { claim, before: literal(before), after: literal(after), user };
}

function one(text: string, segments: string[]): string {
  const [name = ''] = segments;
  if (name === '')
    throw new PatternError(
      `"${text}" is incomplete: write a name or a wildcard after the last "/", such as ${text.replace(/\/*$/, '')}/#`,
    );
  if (segments.length > 1)
    throw new PatternError(`"${text}" has too many slashes: write "." instead of "/" inside the name`);
  return name;
}

/** Claim names may have dots and slashes in them (`{realm.tenant}`, `{https://example.com/tenant}`). */
function splitOutsideBraces(text: string, separator: string): string[] {
  const parts = [''];
  let inside = false;
  for (const char of text) {
    if (char === '{') inside = true;
    if (char === '}') inside = false;
    if (char === separator && !inside) parts.push('');
    else parts.push((parts.pop() ?? '') + char);
  }
  return parts;
}
