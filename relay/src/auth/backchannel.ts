import { AuthError } from '../errors.js';
import type { LogoutVerifier } from './logout-token.js';
import type { DatedRevocation } from './revocation.js';

/** Logout tokens that are remembered, so that none counts twice. */
const MOST_SEEN = 10_000;

/**
 * Carries out what the identity provider reports (OpenID Connect Back-Channel Logout 1.0, 2.7). A token that is shown
 * again, here or at another relay, ends nothing that came after it: the time of the logout is the token's `iat`.
 */
export class BackchannelLogout {
  /** By `jti`, oldest first. */
  private readonly seen = new Set<string>();

  constructor(
    private readonly verify: LogoutVerifier,
    private readonly revoke: (revocation: DatedRevocation) => Promise<number>,
  ) {}

  /**
   * Resolves with how many sessions of this relay it has ended.
   * @throws AuthError when it is no good logout token. RelayError ERR_BROKER_UNAVAILABLE.
   */
  async accept(token: string): Promise<number> {
    const { sub, sid, at, jti } = await this.verify(token);
    if (this.seen.has(jti)) throw new AuthError('ERR_LOGOUT_TOKEN', 'this logout token was used before');
    this.remember(jti);
    try {
      return await this.revoke({
        ...(sub === undefined ? {} : { sub }),
        ...(sid === undefined ? {} : { sid }),
        at,
      });
    } catch (error) {
      // The provider may try again.
      this.seen.delete(jti);
      throw error;
    }
  }

  private remember(jti: string): void {
    this.seen.add(jti);
    for (const oldest of this.seen) {
      if (this.seen.size <= MOST_SEEN) return;
      this.seen.delete(oldest);
    }
  }
}
