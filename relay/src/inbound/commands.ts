import type { Session } from '../session/session.js';
import type { Frame } from '../stomp/frame.js';
import { handleAck, handleNack } from './ack.js';
import { handleConnect } from './connect.js';
import { handleDisconnect } from './disconnect.js';
import { handleSend } from './send.js';
import { handleSubscribe } from './subscribe.js';
import { handleAbort, handleBegin, handleCommit } from './transaction.js';
import { handleUnsubscribe } from './unsubscribe.js';

export interface CommandHandler {
  /** Handles a frame; later frames of the client wait for a promise. Throws RelayError to end the session. */
  handle(session: Session, frame: Frame): Promise<void> | undefined;
  /** True for what opens a connection, false for what needs an open one. */
  opens: boolean;
  /**
   * True for what publishes: it must not overtake a SUBSCRIBE whose confirmation is still on its way, and waits for a
   * broker that is short of memory or disk.
   */
  publishes?: boolean;
}

/** The one table of what clients may send. */
export const commands: Readonly<Record<string, CommandHandler>> = {
  CONNECT: { handle: handleConnect, opens: true },
  STOMP: { handle: handleConnect, opens: true },
  SUBSCRIBE: { handle: handleSubscribe, opens: false },
  UNSUBSCRIBE: { handle: handleUnsubscribe, opens: false },
  SEND: { handle: handleSend, opens: false, publishes: true },
  ACK: { handle: handleAck, opens: false },
  NACK: { handle: handleNack, opens: false },
  BEGIN: { handle: handleBegin, opens: false },
  COMMIT: { handle: handleCommit, opens: false, publishes: true },
  ABORT: { handle: handleAbort, opens: false },
  DISCONNECT: { handle: handleDisconnect, opens: false },
};
