import { tokenFromConnect } from '../auth/sources.js';
import { tokenMissing } from '../auth/verifier.js';
import type { Session } from '../session/session.js';
import { type Frame, header } from '../stomp/frame.js';
import { formatHeartBeat, negotiateHeartBeat, parseHeartBeat } from '../stomp/heartbeat.js';
import { negotiateVersion } from '../stomp/version.js';

/**
 * CONNECT or STOMP (STOMP 1.2, Connecting). A connection that was authenticated at the handshake ignores
 * login, passcode and host: old clients always send guest/guest. Otherwise the token is in this frame.
 */
export async function handleConnect(session: Session, frame: Frame): Promise<void> {
  const { headers } = frame;
  const version = negotiateVersion(header(headers, 'accept-version'));
  const server = { send: session.services.limits.heartbeat, receive: session.services.limits.heartbeat };
  const agreed = negotiateHeartBeat(parseHeartBeat(header(headers, 'heart-beat')), server);
  if (!session.identity) {
    const found = tokenFromConnect(headers);
    if (!found) throw tokenMissing();
    const identity = await session.services.signIn.withToken(found.token, session.transport.address);
    if (session.isClosed) return;
    session.seat.occupy(identity);
    session.identity = identity;
  }
  if (session.isClosed) return;
  session.heartbeats.agree(agreed.serverToClient, agreed.clientToServer);
  session.connected(version, formatHeartBeat(server));
}
