/** What somebody may do in a virtual host, each a regular expression for names. */
export interface Permission {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Names that somebody must be able to use. */
export type Needs = Readonly<Record<keyof Permission, readonly string[]>>;

const KINDS = ['configure', 'write', 'read'] as const;

/** The first name of each kind that may not be used. */
export function missingOf(permission: Permission, needs: Needs): string[] {
  return firstOf(needs, (kind, name) => !permits(permission[kind], name));
}

/** The first name of each kind that may be used. */
export function reachedOf(permission: Permission, names: readonly string[]): string[] {
  const all = { configure: names, write: names, read: names };
  return firstOf(all, (kind, name) => permits(permission[kind], name));
}

function firstOf(needs: Needs, fits: (kind: keyof Permission, name: string) => boolean): string[] {
  return KINDS.map((kind) => {
    const name = needs[kind].find((one) => fits(kind, one));
    return name && `${kind} ${name}`;
  }).filter((one) => typeof one === 'string');
}

/** RabbitMQ reads the empty pattern of a permission as "nothing". */
export function permits(pattern: string, name: string): boolean {
  return pattern !== '' && matches(pattern, name);
}

/** As the broker does: PCRE, of which JavaScript knows what is used for names. What it does not know counts as no match. */
export function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return false;
  }
}
