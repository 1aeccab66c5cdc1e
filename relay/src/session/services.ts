import type { SignIn } from '../auth/identity.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Policy } from '../policy/policy.js';
import type { Unread } from '../unread/unread.js';
import type { PrivateEvents, PrivateLink } from '../upstream/private.js';
import type { SendLink } from '../upstream/sends.js';
import type { TopicHub } from '../upstream/topics.js';
import type { UserHub } from '../upstream/users.js';
import type { Session } from './session.js';

/** Limits on one session; see the settings of the same names for units and defaults. */
export interface SessionLimits {
  maxFrameBytes: number;
  maxHeaders: number;
  maxHeaderBytes: number;
  maxSubscriptions: number;
  maxUnacked: number;
  maxTransactions: number;
  maxQueuedBytes: number;
  /** Milliseconds from opening to CONNECTED. */
  connectTimeout: number;
  /** Milliseconds until a client must have proved what it was sent. */
  confirmTimeout: number;
  /** Milliseconds within which one of the messages that wait for an ACK must be acknowledged. */
  ackTimeout: number;
  /** Milliseconds between probes of a client that is silent on the socket level. */
  pingInterval: number;
  /** The shortest heart-beat interval that the relay offers, in milliseconds. */
  heartbeat: number;
  /** Milliseconds after which a session ends whatever its token says. */
  maxAge: number;
}

/** What a session works with. One set for all sessions of a relay. */
export interface SessionServices {
  readonly signIn: SignIn;
  readonly policy: Policy;
  readonly users: UserHub;
  readonly topics: TopicHub;
  readonly unread: Unread;
  /** One of the shared send links; a session stays with the one it got, so that its order is kept. */
  pickSendLink(): SendLink;
  openPrivateLink(name: string, events: PrivateEvents): PrivateLink;
  readonly limits: SessionLimits;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sessions: Set<Session>;
}
