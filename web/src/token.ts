/** The relay gives no demo tokens (demo mode is off). */
export class DemoOffError extends Error {
  constructor() {
    super('This relay gives no demo tokens. Paste a token of your own.');
    this.name = 'DemoOffError';
  }
}

/** The relay answered, but not with a token. Worth telling the user, not worth repeating. */
export class TokenRefusedError extends Error {
  constructor(status: number, why: string | undefined) {
    super(`The relay did not give a token (HTTP ${status})${why === undefined ? '' : `: ${why}`}.`);
    this.name = 'TokenRefusedError';
  }
}

/**
 * Where the token of a connection comes from. `get` is called before every connection attempt;
 * it rejects with DemoOffError or TokenRefusedError when there is no hope, and with anything else
 * when another try may help.
 */
export interface TokenSource {
  get(): Promise<string>;
  /** Whether `get` can come up with a fresh token by itself. */
  readonly renewable: boolean;
  /** Whose token it is, or undefined when only the relay knows. */
  readonly user: string | undefined;
}

/** Tokens of the relay's demo mode, `POST demo/token`, a fresh one for every connection attempt. */
export function demoTokens(user: string): TokenSource {
  return {
    user,
    renewable: true,
    async get() {
      const response = await fetch('demo/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user }),
        signal: AbortSignal.timeout(10_000),
      });
      if (response.status === 404) throw new DemoOffError();
      if (response.status >= 500) throw new Error(`The relay has trouble (HTTP ${response.status}).`);
      const answer: unknown = await response.json().catch(() => undefined);
      const token = property(answer, 'token');
      if (response.ok && typeof token === 'string') return token;
      const why = property(property(answer, 'error'), 'message');
      throw new TokenRefusedError(response.status, typeof why === 'string' ? why : undefined);
    },
  };
}

/** A token that the user pasted, with or without "Bearer " in front. */
export function pastedToken(text: string): TokenSource {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return { user: undefined, renewable: false, get: async () => token };
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
