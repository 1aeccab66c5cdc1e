/**
 * The headers of SUBSCRIBE and SEND with which RabbitMQ's STOMP plugin lets a client shape the queue behind a destination.
 * They reach the broker only where a rule grants them.
 */
export const GRANTABLE_HEADERS = [
  'durable',
  'auto-delete',
  'exclusive',
  'x-queue-name',
  'x-queue-type',
  'x-expires',
  'x-message-ttl',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-overflow',
  'x-single-active-consumer',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-stream-offset',
] as const;

/** Those whose value is a number, for which a rule can set bounds. */
export const NUMERIC_HEADERS: readonly string[] = [
  'x-expires',
  'x-message-ttl',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
];

/** What a granted header may say: whatever the client likes, one of some values, or a whole number within bounds. */
export type AllowedValues =
  | { readonly kind: 'any' }
  | { readonly kind: 'one-of'; readonly values: readonly string[] }
  | { readonly kind: 'range'; readonly min: number; readonly max: number };

/** By header (lower case): each of the alternatives is enough. */
export type HeaderGrants = ReadonlyMap<string, readonly AllowedValues[]>;

export const NO_HEADERS: HeaderGrants = new Map();

/** More digits than this are no exact number any more. */
const WHOLE = /^\d{1,15}$/;

/** What either grants. */
export function mergeGrants(a: HeaderGrants, b: HeaderGrants): HeaderGrants {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const merged = new Map(a);
  for (const [name, alternatives] of b) merged.set(name, [...(merged.get(name) ?? []), ...alternatives]);
  return merged;
}

export function allowsValue(alternatives: readonly AllowedValues[], value: string): boolean {
  return alternatives.some((allowed) => allows(allowed, value));
}

function allows(allowed: AllowedValues, value: string): boolean {
  switch (allowed.kind) {
    case 'any':
      return true;
    case 'one-of':
      return allowed.values.includes(value);
    case 'range':
      return WHOLE.test(value) && Number(value) >= allowed.min && Number(value) <= allowed.max;
  }
}

/** For people: `any value`, `quorum or classic`, `0 to 3600000`. */
export function describeValues(alternatives: readonly AllowedValues[]): string {
  if (alternatives.some(({ kind }) => kind === 'any')) return 'any value';
  return [...new Set(alternatives.map(describe))].join(' or ');
}

function describe(allowed: AllowedValues): string {
  switch (allowed.kind) {
    case 'any':
      return 'any value';
    case 'one-of':
      return allowed.values.join(' or ');
    case 'range':
      if (allowed.max === Number.MAX_SAFE_INTEGER) return `${allowed.min} or more`;
      return `${allowed.min} to ${allowed.max}`;
  }
}
