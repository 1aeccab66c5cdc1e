import { CODES, type Code, type Level } from './codes.js';

/** Something that is wrong, or may become so. */
export interface Finding {
  readonly kind: 'finding';
  /** Stable, for scripts. */
  readonly code: Code;
  readonly level: Level;
  /** What is so, with names and figures; never a password. */
  readonly what: string;
  readonly why: string;
  /** A command, or a setting with its value. */
  readonly fix: string;
}

/** Something that could not be looked at. */
export interface Unchecked {
  readonly kind: 'unchecked';
  readonly what: string;
  readonly reason: string;
}

/** Something that was measured or counted, and is as good as any other value. */
export interface Measured {
  readonly kind: 'measured';
  readonly what: string;
  readonly value: string;
}

/** What a check says. */
export type Told = Finding | Unchecked | Measured;

export function found(code: Code, what: string, fix: string): Finding {
  const { level, why } = CODES[code];
  return { kind: 'finding', code, level, what, why, fix };
}

export function measured(what: string, value: string | number): Measured {
  return { kind: 'measured', what, value: String(value) };
}

/** Thrown by a check that cannot go on: what it says is not wrong, it is not known. */
export class NotChecked extends Error {}

export function unchecked(what: string, reason: string): Unchecked {
  return { kind: 'unchecked', what, reason };
}
