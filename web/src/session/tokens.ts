import { TokenRefused } from 'stomp-relay/client';

/** Where the tokens of one signed-in person come from. */
export interface TokenSource {
  /** Undefined where only the relay knows: a pasted token says nothing that we would believe. */
  readonly user: string | undefined;
  /** A token that is good now; a fresh one when `stale` is the one we have. */
  get(stale?: string): Promise<string>;
  /** A token of its own that ends after so many seconds. It is not kept. */
  shortLived(seconds: number): Promise<string>;
}

/** The relay is not in demo mode: it gives nobody a token. */
export class DemoOff extends TokenRefused {
  constructor() {
    super('This relay does not give out demo tokens. Paste a token of your own identity provider.');
  }
}

/** Tokens of the relay's demo mode, `POST demo/token` beside the page. */
export function demoTokens(user: string, base: string = document.baseURI): TokenSource {
  let kept: string | undefined;
  return {
    user,
    async get(stale) {
      if (kept === undefined || kept === stale) kept = await fetchDemoToken(base, { user });
      return kept;
    },
    shortLived: (expiresIn) => fetchDemoToken(base, { user, expiresIn }),
  };
}

/** A token that somebody pasted, with or without "Bearer " in front. Nothing can renew it. */
export function pastedToken(text: string): TokenSource {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return {
    user: undefined,
    async get(stale) {
      if (stale === token)
        throw new TokenRefused('The token has ended or was refused. Sign in with another one.');
      return token;
    },
    async shortLived() {
      throw new DemoOff();
    },
  };
}

async function fetchDemoToken(base: string, body: Record<string, unknown>): Promise<string> {
  const response = await fetch(new URL('demo/token', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 404) throw new DemoOff();
  if (response.status >= 500) throw new Error(`The relay has trouble (HTTP ${response.status}).`);
  const answer: unknown = await response.json().catch(() => undefined);
  const token = property(answer, 'token');
  if (response.ok && typeof token === 'string') return token;
  const why = property(property(answer, 'error'), 'message');
  throw new TokenRefused(
    typeof why === 'string' ? why : `The relay gave no token (HTTP ${response.status}).`,
  );
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
