import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { Random } from '../random.js';
import { type Body, messageId, type PublishLog } from './protocol.js';

export interface PublishRequest {
  amqpUrl: string;
  run: string;
  seed: number;
  exchange: string;
  /** Who gets mail, each with the routing key that reaches them. */
  users: { name: string; key: string }[];
  /** Messages per second. */
  rate: number;
}

/** Messages that may wait for their confirm: as many as a kill of the broker can make come twice. */
const WINDOW = 300;
const TICK_MS = 5;
const RECONNECT_MS = 200;
/** Quorum queues elect their leaders anew after a start of the broker, which refuses until then. */
const REFUSED_PAUSE_MS = 200;
/** How much of a pause is caught up with, in seconds: a burst after each outage would be another kind of load. */
const CATCH_UP_SECONDS = 0.25;

/**
 * A service that publishes at a rate to random users, and publishes again, with the same id, whatever the broker did not
 * confirm: at least once. Nothing new goes out before what has to be repeated, so each user's order is kept.
 */
export class ConfirmedPublisher {
  confirmed = 0;
  /** Times that a message was published again. */
  repeated = 0;
  private readonly random: Random;
  private readonly sequences: number[];
  private readonly user: number[] = [];
  private readonly sequence: number[] = [];
  private readonly publishedAt: number[] = [];
  private readonly confirmedAt: number[] = [];
  private readonly attempts: number[] = [];
  private readonly onTheWay = new Set<number>();
  private toRepeat: number[] = [];
  private channel: ConfirmChannel | undefined;
  private budget = 0;
  private lastTick = Date.now();
  private pausedUntil = 0;
  private stopped = false;

  constructor(private readonly request: PublishRequest) {
    this.random = new Random(request.seed);
    this.sequences = request.users.map(() => 0);
    setInterval(() => this.tick(), TICK_MS);
    void this.connect();
  }

  /** Messages without a confirm. */
  get open(): number {
    return this.onTheWay.size + this.toRepeat.length;
  }

  /** Nothing new from now on; what is open is still seen through. */
  stop(): void {
    this.stopped = true;
  }

  /** Something new again, after `stop`. */
  resume(): void {
    this.stopped = false;
  }

  log(): PublishLog {
    return {
      user: Uint32Array.from(this.user),
      publishedAt: Float64Array.from(this.publishedAt),
      confirmedAt: Float64Array.from(this.confirmedAt),
      attempts: Uint8Array.from(this.attempts),
    };
  }

  private async connect(): Promise<void> {
    let connection: ChannelModel | undefined;
    try {
      connection = await connect(this.request.amqpUrl, { noDelay: true, timeout: 5000 });
      let over = false;
      connection.on('error', () => {});
      connection.on('close', () => {
        over = true;
        this.lost();
        setTimeout(() => void this.connect(), RECONNECT_MS);
      });
      const channel = await connection.createConfirmChannel();
      channel.on('error', () => void connection?.close().catch(() => {}));
      if (!over) this.channel = channel;
    } catch {
      // Where there is a connection, its end brings the next attempt.
      if (connection) await connection.close().catch(() => {});
      else setTimeout(() => void this.connect(), RECONNECT_MS);
    }
  }

  /** Whether the broker has them is unknown: they go out again. */
  private lost(): void {
    this.channel = undefined;
    this.toRepeat = [...this.onTheWay, ...this.toRepeat].sort((a, b) => a - b);
    this.onTheWay.clear();
  }

  private tick(): void {
    const now = Date.now();
    const { rate } = this.request;
    this.budget = Math.min(this.budget + ((now - this.lastTick) / 1000) * rate, rate * CATCH_UP_SECONDS);
    this.lastTick = now;
    while (this.channel && now >= this.pausedUntil && this.onTheWay.size < WINDOW) {
      const repeated = this.toRepeat.shift();
      if (repeated !== undefined) {
        this.repeated++;
        this.publish(repeated);
      } else if (!this.stopped && this.budget >= 1) {
        this.budget--;
        this.publish(this.compose());
      } else break;
    }
  }

  private compose(): number {
    const user = this.random.below(this.sequences.length);
    const sequence = this.sequences[user] ?? 0;
    this.sequences[user] = sequence + 1;
    this.sequence.push(sequence);
    this.publishedAt.push(Date.now());
    this.confirmedAt.push(0);
    this.attempts.push(0);
    return this.user.push(user) - 1;
  }

  private publish(number: number): void {
    const { channel } = this;
    const { users, run, exchange } = this.request;
    const user = users[this.user[number] ?? -1];
    if (!channel || !user) return;
    const attempt = (this.attempts[number] ?? 0) + 1;
    this.attempts[number] = Math.min(attempt, 255);
    this.onTheWay.add(number);
    const body: Body = { user: user.name, sequence: this.sequence[number] ?? 0, attempt };
    const options = { persistent: true, messageId: messageId(run, number), contentType: 'application/json' };
    try {
      channel.publish(exchange, user.key, Buffer.from(JSON.stringify(body)), options, (error: unknown) => {
        // An answer of an earlier connection says nothing about what went out again on this one.
        if (this.channel === channel) this.answered(number, error);
      });
    } catch {
      // The channel has ended, and the end of its connection is about to be told.
      this.lost();
    }
  }

  private answered(number: number, error: unknown): void {
    this.onTheWay.delete(number);
    if (error) {
      this.pausedUntil = Date.now() + REFUSED_PAUSE_MS;
      this.toRepeat = [...this.toRepeat, number].sort((a, b) => a - b);
    } else {
      this.confirmed++;
      this.confirmedAt[number] = Date.now();
    }
  }
}
