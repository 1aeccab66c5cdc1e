import type { RelayConfig } from '../config.js';
import type { SessionLimits } from './services.js';

/** What the settings mean for one session. */
export function limitsOf({ env }: RelayConfig): SessionLimits {
  return {
    // The setting is about the body; a frame of that size still has a head.
    maxFrameBytes: env.RELAY_MAX_FRAME_BYTES + 65_536,
    maxHeaders: env.RELAY_MAX_HEADERS,
    maxHeaderBytes: env.RELAY_MAX_HEADER_BYTES,
    maxSubscriptions: env.RELAY_MAX_SUBSCRIPTIONS,
    maxUnacked: env.RELAY_MAX_UNACKED,
    maxTransactions: env.RELAY_MAX_TRANSACTIONS,
    maxQueuedBytes: env.RELAY_MAX_QUEUED_BYTES,
    sendRate: env.RELAY_SEND_RATE,
    subscribeRate: env.RELAY_SUBSCRIBE_RATE,
    receiveRate: env.RELAY_RECEIVE_RATE,
    throttleTime: env.RELAY_THROTTLE_TIME,
    tokenWarning: env.RELAY_TOKEN_WARNING,
    firstFrameTimeout: env.RELAY_FIRST_FRAME_TIMEOUT,
    connectTimeout: env.RELAY_CONNECT_TIMEOUT,
    confirmTimeout: env.RELAY_CONFIRM_TIMEOUT,
    ackTimeout: env.RELAY_ACK_TIMEOUT,
    pingInterval: env.RELAY_PING_INTERVAL,
    heartbeat: env.RELAY_HEARTBEAT,
    maxAge: env.RELAY_MAX_SESSION_AGE,
  };
}
