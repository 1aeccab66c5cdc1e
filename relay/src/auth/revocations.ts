import type { Identity } from './identity.js';
import { type DatedRevocation, keyOf } from './revocation.js';

interface Entry {
  /** Seconds since the epoch, whole. */
  at: number;
  /** Milliseconds since the epoch. */
  until: number;
}

export interface RevocationOptions {
  /** RELAY_REVOCATION_TIME: how long to remember what does not say when it ends, in milliseconds. */
  readonly time: number;
  /** Entries that are remembered; the oldest are forgotten first. Default 100,000, some 25 MB. */
  readonly most?: number;
  /** Wall clock in milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** Clocks differ, and a token is taken for a few seconds after its end. */
const LEEWAY_MS = 60_000;

const SWEEP_MS = 60_000;

/** What was revoked. Every question costs a few look-ups, however much there is. */
export class Revocations {
  /** By key, what was heard of last at the end. */
  private readonly table = new Map<string, Entry>();
  private readonly most: number;
  private readonly now: () => number;
  private sweptAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RevocationOptions) {
    this.most = options.most ?? 100_000;
    this.now = options.now ?? Date.now;
  }

  get size(): number {
    return this.table.size;
  }

  /** False when it says nothing new, or what it is about has ended by itself. */
  add(revocation: DatedRevocation): boolean {
    const now = this.now();
    const { sub, sid, exp } = revocation;
    // A revocation is about what there was. One from the future would lock out for good.
    const at = Math.floor(Math.min(revocation.at, now / 1000));
    const until = exp === undefined ? at * 1000 + this.options.time : exp * 1000 + LEEWAY_MS;
    if (until <= now) return false;
    this.sweep(now);
    const isNew = this.set(keyOf(revocation), at, until);
    const sidless = sid !== undefined && sub !== undefined && this.set(`sidless:${sub}`, at, until);
    return isNew || sidless;
  }

  /** Whether the token of this identity must not be taken any more. */
  refuses(identity: Identity): boolean {
    const iat = issuedAt(identity);
    return this.match(identity, ({ at }) => iat < at) !== undefined;
  }

  /**
   * What ends the sessions of this identity, as a key; undefined when nothing does. Unlike `refuses`, tokens of the very
   * second of the revocation are meant, too: a session that is open was most likely there before.
   */
  ends(identity: Identity): string | undefined {
    const iat = issuedAt(identity);
    return this.match(identity, ({ at }) => Math.floor(iat) <= at);
  }

  private match(identity: Identity, isBefore: (entry: Entry) => boolean): string | undefined {
    if (this.table.size === 0) return undefined;
    const { sub, sid } = identity.claims;
    const hasSid = typeof sid === 'string';
    const byName = [`jti:${identity.tokenId}`, ...(hasSid ? [`sid:${sid}`] : [])];
    const found = byName.find((key) => this.get(key));
    if (found !== undefined) return found;
    const byTime = [`user:${identity.user}`, `sub:${sub}`, ...(hasSid ? [] : [`sidless:${sub}`])];
    return byTime.find((key) => {
      const entry = this.get(key);
      return entry !== undefined && isBefore(entry);
    });
  }

  private get(key: string): Entry | undefined {
    const entry = this.table.get(key);
    return entry && entry.until > this.now() ? entry : undefined;
  }

  private set(key: string, at: number, until: number): boolean {
    const known = this.table.get(key);
    if (known && known.at >= at && known.until >= until) return false;
    this.table.delete(key);
    this.table.set(key, { at: Math.max(at, known?.at ?? 0), until: Math.max(until, known?.until ?? 0) });
    if (this.table.size > this.most) this.makeRoom();
    return true;
  }

  /** A tenth at a time: to get at the first entry of a map means to pass all that were deleted before it. */
  private makeRoom(): void {
    const kept = this.most - Math.floor(this.most / 10);
    for (const oldest of this.table.keys()) {
      if (this.table.size <= kept) return;
      this.table.delete(oldest);
    }
  }

  private sweep(now: number): void {
    if (now - this.sweptAt < SWEEP_MS) return;
    this.sweptAt = now;
    for (const [key, { until }] of this.table) if (until <= now) this.table.delete(key);
  }
}

/** A token that does not say when it was issued counts as issued before everything. */
function issuedAt({ claims }: Identity): number {
  return typeof claims.iat === 'number' ? claims.iat : Number.NEGATIVE_INFINITY;
}
