import type { Session } from '../session/session.js';
import type { Frame } from '../stomp/frame.js';

/** How long a client that takes its leave is kept until everything is confirmed, in milliseconds. */
const GRACE_MS = 5000;

/**
 * DISCONNECT (STOMP 1.2, DISCONNECT): the RECEIPT comes after everything that the client sent is confirmed,
 * and the close after it has proved what it was sent – what is not proved by then becomes unread.
 */
export function handleDisconnect(session: Session, frame: Frame): undefined {
  leave(session, frame).catch((error: unknown) => session.fail(error));
}

async function leave(session: Session, frame: Frame): Promise<void> {
  const confirmed = await session.leave(GRACE_MS);
  // Afterwards the broker knows nothing of this client: what is published next waits in a durable queue.
  const taken = (await session.existingPrivate?.close()) ?? true;
  if (confirmed && taken) session.answers.receipt(frame);
  session.close(confirmed && taken ? 'normal' : 'brokerUnavailable');
}
