import { AuthError } from '../errors.js';
import type { Failures } from './failures.js';
import type { Identity, SignIn, TokenVerifier } from './identity.js';
import type { Revocations } from './revocations.js';
import { revoked } from './sign-out.js';
import type { Tickets } from './tickets.js';

export interface SignInParts {
  readonly verifier: TokenVerifier;
  readonly revocations: Revocations;
  readonly tickets: Pick<Tickets, 'redeem'>;
  readonly failures: Failures;
  /** Whether it is known by now what was revoked before this relay started. */
  isReady(): boolean;
}

/** Lets in whoever shows a good token, or a ticket that was given for one, unless it was revoked. */
export function createSignIn({ verifier, revocations, tickets, failures, isReady }: SignInParts): SignIn {
  async function letIn(checking: () => Promise<Identity>, address: string): Promise<Identity> {
    try {
      if (!isReady()) throw notReady();
      const identity = await checking();
      // Last, and with nothing to wait for between it and the session: a revocation that comes later finds that.
      if (revocations.refuses(identity)) throw revoked();
      return identity;
    } catch (error) {
      throw failures.count(error, address);
    }
  }
  return {
    withToken: (token, address) => letIn(() => verifier.verify(token), address),
    withTicket: (ticket, address) => letIn(async () => stillGood(await tickets.redeem(ticket)), address),
  };
}

function stillGood(identity: Identity): Identity {
  if (identity.expiresAt === undefined || identity.expiresAt > Date.now()) return identity;
  throw new AuthError(
    'ERR_TOKEN_EXPIRED',
    'the token that the ticket was given for has expired; get a new one',
    'tokenExpired',
  );
}

/** Until then a token that was revoked yesterday would pass for a good one. */
function notReady(): AuthError {
  return new AuthError('ERR_NOT_READY', 'the relay is still starting: try again in a moment', 'internal');
}
