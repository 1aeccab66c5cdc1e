import type { Identity } from '../auth/identity.js';

/**
 * The value of a claim: `user` is the verified user name; any other name is the claim of exactly that name
 * (`https://example.com/roles`), else a path into objects (`realm_access.roles`). Undefined when absent.
 * Own properties only: a rule on `constructor` or `__proto__` must find nothing.
 */
export function claimOf(identity: Identity, name: string): unknown {
  if (name === 'user') return identity.user;
  if (Object.hasOwn(identity.claims, name)) return identity.claims[name];
  let value: unknown = identity.claims;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

export type Scalar = string | number | boolean;

/** A condition on one claim. */
export type Condition =
  | { readonly kind: 'any-of'; readonly values: readonly Scalar[] }
  | { readonly kind: 'exists'; readonly expected: boolean }
  | { readonly kind: 'not'; readonly condition: Condition };

/**
 * Whether a claim's value fulfils a condition. A list fulfils `any-of` when it contains one of the values. Values are
 * compared with their type: the number 1 is not the string "1". An absent or null claim does not exist.
 */
export function fulfils(value: unknown, condition: Condition): boolean {
  switch (condition.kind) {
    case 'any-of':
      return Array.isArray(value)
        ? value.some((item) => condition.values.includes(item))
        : condition.values.includes(value as Scalar);
    case 'exists':
      return (value !== undefined && value !== null) === condition.expected;
    case 'not':
      return !fulfils(value, condition.condition);
  }
}
