import type { Identity } from '../auth/identity.js';
import { tokenFromRefresh } from '../auth/sources.js';
import { tokenMissing } from '../auth/verifier.js';
import { AuthError, ProtocolError } from '../errors.js';
import { TOKEN_DESTINATION } from '../own-destinations.js';
import { reviewSubscriptions } from '../session/review.js';
import type { Session } from '../session/session.js';
import { type Frame, header } from '../stomp/frame.js';

/** Whether a SEND is for the relay itself: the next token of the client. */
export function isRefresh(frame: Frame): boolean {
  return frame.command === 'SEND' && header(frame.headers, 'destination') === TOKEN_DESTINATION;
}

/**
 * SEND to `/relay/token`: the session goes on with the new token's end and claims. Its headers carry the token, as those
 * of CONNECT; nothing of the frame goes on to the broker, and its body is ignored. The RECEIPT means that the session
 * lives by the new token; its header `relay-ended` names the subscriptions that the new claims do not allow.
 */
export async function handleRefresh(session: Session, frame: Frame): Promise<void> {
  if (header(frame.headers, 'transaction') !== undefined) {
    throw new ProtocolError(
      'ERR_BAD_HEADER',
      `a token is no part of a transaction: SEND it to ${TOKEN_DESTINATION} without the header transaction`,
    );
  }
  const found = tokenFromRefresh(frame.headers);
  if (!found) throw tokenMissing();
  session.rates.tokenChecked();
  const identity = await session.services.signIn.withToken(found.token, session.transport.address);
  if (session.isClosed) return;
  if (!isSameUser(session.user, identity)) {
    throw new AuthError(
      'ERR_TOKEN_OTHER_USER',
      'the new token is of another user: open a connection of its own for it',
    );
  }
  session.identity = identity;
  const ended = await reviewSubscriptions(session);
  session.notices.refreshed(identity.expiresAt);
  // Ids may have commas; percent-encoded they have none.
  const more = ended.length === 0 ? [] : ['relay-ended', ended.map(encodeURIComponent).join(',')];
  session.answers.receipt(frame, more);
}

/** Both: a user name may be given to another subject once its first owner is gone. */
function isSameUser(present: Identity, next: Identity): boolean {
  return present.user === next.user && present.claims.sub === next.claims.sub;
}
