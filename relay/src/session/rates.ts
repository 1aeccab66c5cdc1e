import { RelayError } from '../errors.js';
import { TokenBucket } from '../util/token-bucket.js';
import type { SessionServices } from './services.js';

/** How many times its rate each bucket holds: a page that opens does a lot at once. */
const BURST = 2;
/** The shortest rest, in milliseconds: a rest for every single frame would cost more than the frames. */
const SHORTEST_MS = 10;
/** How many frames the check of a token counts for: a signature takes that much more of the processor. */
const TOKEN_COST = 100;

type RateLimit = 'RELAY_SEND_RATE' | 'RELAY_SUBSCRIBE_RATE' | 'RELAY_RECEIVE_RATE';

/**
 * How fast one client sends: frames, subscriptions and bytes. One that is too fast is not read for a while, so that
 * it notices nothing but delay; one that has not slowed down by itself in `throttleTime` is closed.
 */
export class Rates {
  private readonly frames: TokenBucket;
  private readonly subscriptions: TokenBucket;
  private readonly bytes: TokenBucket;
  /** Since when it has been too fast, in milliseconds since the epoch; 0 when it is not. */
  private tooFastSince = 0;

  constructor(private readonly services: Pick<SessionServices, 'limits' | 'metrics'>) {
    const { sendRate, subscribeRate, receiveRate } = services.limits;
    this.frames = new TokenBucket(sendRate, BURST * sendRate);
    this.subscriptions = new TokenBucket(subscribeRate, BURST * subscribeRate);
    this.bytes = new TokenBucket(receiveRate, BURST * receiveRate);
  }

  /** Milliseconds that this frame has to wait before it is handled; 0 when it counts as handled now. */
  frame(command: string): number {
    const subscribes = command === 'SUBSCRIBE' || command === 'UNSUBSCRIBE';
    const bucket = subscribes ? this.subscriptions : this.frames;
    if (bucket.take()) return 0;
    return this.rest(bucket, 1, subscribes ? 'RELAY_SUBSCRIBE_RATE' : 'RELAY_SEND_RATE');
  }

  /** Milliseconds that a client has to wait after so many bytes. */
  received(count: number): number {
    this.bytes.spend(count);
    return this.rest(this.bytes, 0, 'RELAY_RECEIVE_RATE');
  }

  /** Milliseconds to wait after bytes that did not complete a frame: heart-beats, and drops of a frame, cost time too. */
  fragment(): number {
    this.frames.spend(1);
    return this.rest(this.frames, 0, 'RELAY_SEND_RATE');
  }

  /** A token was checked. */
  tokenChecked(): void {
    this.frames.spend(TOKEN_COST);
  }

  /** Called a few times a second. What is wrong when the client has been too fast for too long. */
  check(now: number): RelayError | undefined {
    if (this.tooFastSince === 0) return undefined;
    // Half full: it has sent markedly less than it may, for a while.
    if ([this.frames, this.subscriptions, this.bytes].every((bucket) => bucket.level >= 0.5)) {
      this.tooFastSince = 0;
      return undefined;
    }
    if (now - this.tooFastSince <= this.services.limits.throttleTime) return undefined;
    const message = 'too fast for too long: send less, or in more time (RELAY_SEND_RATE and its kin)';
    return new RelayError('ERR_TOO_FAST', message, 'limitExceeded');
  }

  private rest(bucket: TokenBucket, wanted: number, limit: RateLimit): number {
    const wait = bucket.wait(wanted);
    if (wait === 0) return 0;
    if (this.tooFastSince === 0) {
      this.tooFastSince = Date.now();
      this.services.metrics.limits.inc({ limit });
    }
    return Math.max(SHORTEST_MS, wait);
  }
}
