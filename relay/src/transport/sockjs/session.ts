import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LimitError } from '../../errors.js';
import { TokenBucket } from '../../util/token-bucket.js';
import type { SockjsTransport } from './http-transport.js';
import type { Owner } from './owner.js';

/** Requests that bring messages, of one session at a time. sockjs-client sends one after the other. */
const MOST_SENDERS = 4;
/** For how long a request may be made to wait for its turn, in milliseconds. */
const LONGEST_WAIT_MS = 5000;
const LIMIT = 'RELAY_HTTP_RATE';

/** What the requests of one SockJS session over HTTP have in common. */
export class SockjsSession {
  /** Its name inside of the relay: what clients choose may be chosen twice, and is known to whoever reads it. */
  readonly id = randomBytes(18).toString('base64url');
  owner: Owner | undefined;
  transport: SockjsTransport | undefined;
  /** Resolves when it is open; rejects when whoever opened it was refused. */
  readonly opened: Promise<void>;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;
  private readonly bucket: TokenBucket;
  private senders = 0;
  private lastSender: Promise<void> = Promise.resolve();

  /** @param key how clients name it. @param rate requests per second */
  constructor(
    readonly key: string,
    rate: number,
  ) {
    this.bucket = new TokenBucket(rate, 2 * rate);
    this.opened = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    // Usually nobody else waits for it.
    this.opened.catch(() => {});
  }

  open(transport: SockjsTransport): void {
    this.transport = transport;
    this.settle?.resolve();
  }

  refuse(error: unknown): void {
    this.settle?.reject(error);
  }

  /**
   * Waits until another request is due. Refused requests would end the connection of a client that is only busy.
   * @throws LimitError for one that does not wait either
   */
  async turn(): Promise<void> {
    const wait = this.bucket.wait();
    if (wait > LONGEST_WAIT_MS) {
      throw new LimitError(
        'ERR_TOO_MANY_REQUESTS',
        'this session sends too many requests',
        LIMIT,
        wait / 1000,
      );
    }
    this.bucket.spend(1);
    if (wait > 0) await delay(wait);
  }

  /**
   * Does one after the other, in the order of the calls.
   * @throws LimitError when too many wait
   */
  async inOrder(step: () => Promise<void>): Promise<void> {
    if (this.senders >= MOST_SENDERS) {
      throw new LimitError('ERR_TOO_MANY_REQUESTS', 'this session sends too much at a time', LIMIT, 1);
    }
    this.senders++;
    const mine = this.lastSender.then(step);
    this.lastSender = mine.catch(() => {});
    try {
      await mine;
    } finally {
      this.senders--;
    }
  }
}
