import type { HeaderList } from '../stomp/frame.js';

/** One message out of a mailbox. */
export interface UnreadMessage {
  /** The publisher's message id, else one that the keeper gave it: the same each time the message is handed out. */
  readonly id: string;
  /** As a STOMP client would see them; `redelivered` is true when the message was handed out before. */
  readonly headers: HeaderList;
  readonly body: Buffer;
}

/** Messages that nobody else is handed out while the lease lives. */
export interface Pulled {
  readonly messages: readonly UnreadMessage[];
  /** Names the lease to `acknowledge`; undefined when there are no messages. */
  readonly lease: string | undefined;
  /** Milliseconds until the messages go back unless the lease is acknowledged. */
  readonly expiresIn: number;
  /** How many more are waiting in the mailbox. */
  readonly remaining: number;
}

/** Bounds on what one pull hands out: whichever is reached first. One message always fits. */
export interface PullLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** One user's name and what follows it, both as in a routing key: `alice%40example%2Ecom`, `topic.reply`. */
export interface MailboxAddress {
  readonly userWord: string;
  readonly rest: string;
}

/**
 * The unread mail of all users. Every method may reject with `UnreadError`: ERR_BROKER_UNAVAILABLE while the broker is
 * away, ERR_TOO_MANY_LEASES, and for `acknowledge` ERR_LEASE_OVER.
 */
export interface UnreadStore {
  /** Resolves when everything that was unread before is in its mailbox. */
  passed(address: MailboxAddress): Promise<void>;
  /** Leases the oldest messages of a mailbox. A mailbox that does not exist is an empty one. */
  pull(address: MailboxAddress, limits: PullLimits): Promise<Pulled>;
  /**
   * Marks a lease's messages as read, also when another relay gave the lease; resolves with how many they were. May be
   * repeated for as long as the lease would have lived.
   */
  acknowledge(userWord: string, lease: string): Promise<number>;
  /** Puts a lease's messages back at once: nobody got the answer that they were in. Only for leases of this relay. */
  giveBack(lease: string): void;
  /** Unread messages that are not leased, by `rest`; destinations without any are left out. */
  counts(userWord: string): Promise<Map<string, number>>;
  /** Marks everything as read, leased messages too, in one mailbox or in all; resolves with how many waited there. */
  clear(userWord: string, rest?: string): Promise<number>;
}
