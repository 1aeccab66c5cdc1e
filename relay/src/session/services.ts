import type { SignIn } from '../auth/identity.js';
import type { Alarm } from '../broker/alarm.js';
import type { DenialLog } from '../denial-log.js';
import type { LogBudget } from '../log-budget.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Decider } from '../policy/permit.js';
import type { Tracing } from '../tracing.js';
import type { Unread } from '../unread/unread.js';
import type { PrivateEvents, PrivateLink } from '../upstream/private.js';
import type { SendLink } from '../upstream/sends.js';
import type { TopicHub } from '../upstream/topics.js';
import type { UserHub } from '../upstream/users.js';
import type { Session } from './session.js';
import type { UserUnacked } from './unacked.js';

/** Limits on one session; see the settings of the same names for units and defaults. */
export interface SessionLimits {
  maxFrameBytes: number;
  maxHeaders: number;
  maxHeaderBytes: number;
  maxSubscriptions: number;
  maxUnacked: number;
  maxTransactions: number;
  maxQueuedBytes: number;
  /** Frames per second, SUBSCRIBEs and UNSUBSCRIBEs aside; bursts of twice as many. */
  sendRate: number;
  /** SUBSCRIBEs and UNSUBSCRIBEs per second; bursts of twice as many. */
  subscribeRate: number;
  /** Bytes per second; bursts of twice as many. */
  receiveRate: number;
  /** Milliseconds for which a client may be too fast before it is closed. */
  throttleTime: number;
  /** Milliseconds ahead of the token's end at which the client is warned; 0 = never. */
  tokenWarning: number;
  /** Milliseconds from opening to the first whole frame. */
  firstFrameTimeout: number;
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
  /** The name of this relay among the others, told to clients in CONNECTED. */
  readonly node: string;
  readonly signIn: SignIn;
  readonly policy: Decider;
  readonly users: UserHub;
  readonly topics: TopicHub;
  readonly unread: Unread;
  readonly unacked: UserUnacked;
  /** What those who publish wait for. */
  readonly alarm: Alarm;
  /** One of the shared send links; a session stays with the one it got, so that its order is kept. */
  pickSendLink(): SendLink;
  openPrivateLink(name: string, events: PrivateEvents): PrivateLink;
  readonly limits: SessionLimits;
  readonly log: Logger;
  /** How many lines sessions may write about their start and end. */
  readonly sessionLog: LogBudget;
  readonly denials: DenialLog;
  readonly metrics: Metrics;
  /** Undefined when nobody wants spans. */
  readonly tracing?: Tracing | undefined;
  readonly sessions: Set<Session>;
}
