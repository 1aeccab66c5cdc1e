import type { RelayClientOptions } from './types.js';

/** What a JWT says of its time, in milliseconds since the epoch; undefined where it cannot be read. */
export interface TokenTimes {
  readonly expiresAt: number;
  /** From its issue to its end, where it says so. */
  readonly lifetime: number | undefined;
}

/** Reads `exp` and `iat` without checking anything: the relay does that. */
export function timesOf(token: string): TokenTimes | undefined {
  try {
    const part = token.split('.')[1] ?? '';
    const { exp, iat } = JSON.parse(atob(part.replace(/-/g, '+').replace(/_/g, '/'))) as {
      exp?: unknown;
      iat?: unknown;
    };
    if (typeof exp !== 'number') return undefined;
    return {
      expiresAt: exp * 1000,
      lifetime: typeof iat === 'number' && iat < exp ? (exp - iat) * 1000 : undefined,
    };
  } catch {
    return undefined;
  }
}

/** The token that is used at present, and how the next one is got. */
export class Tokens {
  private current: string | undefined;
  private refused = false;
  private fetching: Promise<string> | undefined;

  constructor(private readonly fetchToken: RelayClientOptions['token']) {}

  /** The present token, or a fresh one where that was refused or has ended. */
  async get(): Promise<string> {
    const { current } = this;
    if (current === undefined || this.refused) return this.renew();
    const times = timesOf(current);
    return times && times.expiresAt <= Date.now() ? this.renew() : current;
  }

  /** Fetches the next token, which is the present one from then on; those who ask at the same time share it. */
  renew(): Promise<string> {
    this.fetching ??= this.fetch().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  /** The relay said no to the present token. */
  refuse(): void {
    this.refused = true;
  }

  get value(): string | undefined {
    return this.current;
  }

  private async fetch(): Promise<string> {
    const { current } = this;
    const next = await (current === undefined ? this.fetchToken() : this.fetchToken(current));
    if (typeof next !== 'string' || next === '') throw new TypeError('token() gave no token');
    this.current = next;
    this.refused = false;
    return next;
  }
}
