import type { Random } from '../../torture/random.js';

/** What a case feeds in, in a form that can be made smaller: octets, characters, or a list of texts. */
export type Input = Buffer | string | string[];

/**
 * One thing under test. A case is an input and the circumstances; the same seed and number make the same case.
 * `check` throws when what must hold does not.
 */
export interface Target<I extends Input = Input, Setup = unknown> {
  readonly name: string;
  /** Its share of all cases. */
  readonly weight: number;
  make(random: Random): { input: I; setup: Setup };
  check(input: I, setup: Setup): void;
}

/** Keeps `make` and `check` of one target agreed on their types, and hides these from the list of all targets. */
export function target<I extends Input, Setup>(definition: Target<I, Setup>): Target {
  return definition as unknown as Target;
}

/** Something that must hold and does not. */
export class Violation extends Error {}

/** @throws Violation with what was expected. */
export function must(holds: boolean, expectation: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof expectation === 'string' ? expectation : expectation());
}

/** The error that `action` ends with, when it is one of these; undefined when there is none. @throws any other. */
export function refusal<E extends Error>(
  kind: abstract new (...args: never[]) => E,
  action: () => void,
): E | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
}

/** The value of `action`, or undefined when it refuses with an error of this kind. @throws any other. */
export function unlessRefused<T>(
  kind: abstract new (...args: never[]) => Error,
  action: () => T,
): T | undefined {
  let value: T | undefined;
  refusal(kind, () => {
    value = action();
  });
  return value;
}
