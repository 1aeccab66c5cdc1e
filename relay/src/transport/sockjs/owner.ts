import { createHash } from 'node:crypto';
import type { Identity, SignIn } from '../../auth/identity.js';
import { type FoundToken, TICKET_SOURCE } from '../../auth/sources.js';
import { AuthError } from '../../errors.js';

/** Tokens of one session that are known to be good; the oldest goes when there are more. */
const MOST_KNOWN = 8;

/** Checks what a request shows. @throws AuthError, LimitError */
export function signInWith(signIn: SignIn, found: FoundToken, address: string): Promise<Identity> {
  return found.source === TICKET_SOURCE
    ? signIn.withTicket(found.token, address)
    : signIn.withToken(found.token, address);
}

/**
 * Whose a SockJS session is. Whoever knows its address could otherwise read along and speak in it, for the package asks
 * for nothing else; and an address gets into logs. So where a session was opened with a token (a cookie, a header, a
 * query), each of its requests must bring one of the same user. Where it was not, the address is all there is.
 */
export class Owner {
  private readonly known: string[] = [];

  /** @param identity and `found`: what the session was opened with; undefined = the token comes in CONNECT */
  constructor(
    private readonly signIn: SignIn,
    readonly identity: Identity | undefined,
    found: FoundToken | undefined,
  ) {
    if (found) this.remember(digest(found));
  }

  /** @throws AuthError when the request is not the owner's */
  async check(found: FoundToken | undefined, address: string): Promise<void> {
    if (!this.identity) return;
    if (!found)
      throw new AuthError('ERR_TOKEN_MISSING', 'this session was opened with a token: bring it again');
    // Looked up by its hash: the time that it takes says nothing about the token. What has become of it since is
    // watched by the session itself.
    const shown = digest(found);
    if (this.known.includes(shown)) return;
    const { user, claims } = await signInWith(this.signIn, found, address);
    if (user !== this.identity.user || claims.sub !== this.identity.claims.sub) {
      throw new AuthError('ERR_SESSION_OTHER_USER', 'this session is of another user', 'forbidden');
    }
    this.remember(shown);
  }

  private remember(shown: string): void {
    this.known.push(shown);
    if (this.known.length > MOST_KNOWN) this.known.shift();
  }
}

function digest({ source, token }: FoundToken): string {
  const kind = source === TICKET_SOURCE ? 'ticket' : 'token';
  return createHash('sha256').update(`${kind} ${token}`).digest('base64url');
}
