import { type ChannelModel, type ConfirmChannel, IllegalOperationError } from 'amqplib';
import { Backoff } from '../src/util/backoff.js';
import type { Delivery } from './delivery.js';
import type { Lane as LaneName } from './destination.js';
import { PublishError } from './errors.js';
import { Fifo } from './fifo.js';
import { explain, verdict } from './refusal.js';

export interface LaneSettings {
  readonly name: LaneName;
  /** Messages without a confirm. */
  readonly window: number;
  readonly retry: { readonly first: number; readonly most: number };
  /** Milliseconds until what was not confirmed is sent again. */
  readonly confirmTimeout: number;
  /** Called when `problem` has changed. */
  readonly onChange: () => void;
  /** Called when the broker has confirmed something. */
  readonly onProgress: () => void;
}

/** How often the lane looks for what is not confirmed in time, in milliseconds. */
const WATCH_MS = 500;

/**
 * Messages that keep their order, on a channel of their own: what the broker closes the channel for stops no other lane.
 *
 * What was not confirmed when the channel ended is sent again first. What the broker refused by a nack is sent again once
 * everything that was on the wire with it has been answered, so nothing that was not sent yet overtakes it.
 */
export class PublishLane {
  /** Why nothing moves although there is a connection. */
  problem: string | undefined;
  private readonly queue = new Fifo<Delivery>();
  private readonly onWire = new Map<number, Delivery>();
  private nacked: Delivery[] = [];
  private model: ChannelModel | undefined;
  private channel: ConfirmChannel | undefined;
  private blocked = false;
  /** The socket is full: amqplib asks to wait. */
  private draining = false;
  private timer: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;
  /** Since when the broker takes messages; milliseconds since the epoch. */
  private openSince = 0;
  private readonly backoff: Backoff;
  /** Up to this sequence messages go one at a time: the broker closes the channel for one of them and does not say which. */
  private suspectsUpTo = -1;

  constructor(private readonly settings: LaneSettings) {
    this.backoff = new Backoff(settings.retry.first, settings.retry.most);
  }

  add(delivery: Delivery): void {
    this.queue.push(delivery);
    this.pump();
  }

  /** A connection is there; the lane stays with it until `detach`. */
  attach(model: ChannelModel): void {
    this.model = model;
    this.blocked = false;
    clearInterval(this.watch);
    this.watch = setInterval(() => this.repeatStalled(), WATCH_MS);
    this.watch.unref();
    void this.openChannel(model);
  }

  /** The connection is gone. */
  detach(): void {
    this.model = undefined;
    clearInterval(this.watch);
    this.stop();
    this.setProblem(undefined);
  }

  /** The broker has an alarm: what goes out now would only wait at its door. */
  block(blocked: boolean): void {
    this.blocked = blocked;
    this.openSince = Date.now();
    this.pump();
  }

  private async openChannel(model: ChannelModel): Promise<void> {
    let channel: ConfirmChannel;
    try {
      channel = await model.createConfirmChannel();
    } catch {
      // Of a connection that is ending; a broker out of channels is asked again.
      this.retry(model);
      return;
    }
    if (this.model !== model) return;
    this.channel = channel;
    let failure: Error | undefined;
    channel.on('error', (error: Error) => {
      failure = error;
    });
    channel.on('close', () => {
      if (this.channel !== channel) return;
      const suspects = [...this.onWire.values(), ...this.nacked];
      this.stop();
      if (!failure || this.model !== model) return;
      this.judge(failure, suspects);
      this.retry(model);
    });
    channel.on('drain', () => {
      this.draining = false;
      this.pump();
    });
    this.pump();
  }

  /** Everything that is on the wire goes back to the front of the queue. */
  private stop(): void {
    this.channel = undefined;
    this.draining = false;
    clearTimeout(this.timer);
    const again = [...this.onWire.values(), ...this.nacked].sort((a, b) => a.sequence - b.sequence);
    this.onWire.clear();
    this.nacked = [];
    this.queue.prepend(again.filter(({ cancelled }) => !cancelled));
  }

  private judge(failure: Error, suspects: readonly Delivery[]): void {
    const [one] = suspects;
    const outcome = verdict(failure, this.settings.name);
    this.setProblem(outcome ? undefined : explain(failure));
    if (!one) return;
    if (!outcome) {
      // Likely the same for all of them: one is enough to find out when it is over.
      this.suspectsUpTo = Math.max(this.suspectsUpTo, one.sequence);
      return;
    }
    if (suspects.length > 1) {
      this.suspectsUpTo = suspects.reduce((most, { sequence }) => Math.max(most, sequence), 0);
      return;
    }
    if (this.queue.first === one) this.queue.shift();
    one.end(outcome);
  }

  private retry(model: ChannelModel): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.model === model) void this.openChannel(model);
    }, this.backoff.next());
  }

  private pump(): void {
    while (this.channel && !this.blocked && !this.draining && this.nacked.length === 0) {
      const next = this.queue.first;
      if (!next) return;
      if (this.onWire.size >= this.windowFor(next)) return;
      this.queue.shift();
      if (!next.cancelled) this.write(this.channel, next);
    }
  }

  private windowFor(next: Delivery): number {
    const [oldest = next.sequence] = this.onWire.keys();
    return oldest <= this.suspectsUpTo ? 1 : this.settings.window;
  }

  private write(channel: ConfirmChannel, delivery: Delivery): void {
    const { address, content, properties, expiresAt } = delivery.message;
    const expiration = expiresAt === undefined ? undefined : expiresAt - Date.now();
    if (expiration !== undefined && expiration <= 0) {
      const mayHaveArrived = delivery.attempts > 0;
      delivery.end(
        new PublishError('ERR_EXPIRED', 'its expiration has ended before the broker had it', {
          mayHaveArrived,
        }),
      );
      return;
    }
    delivery.attempts += 1;
    delivery.writtenAt = Date.now();
    this.onWire.set(delivery.sequence, delivery);
    const options = { ...properties, ...(expiration !== undefined && { expiration }) };
    try {
      const ready = channel.publish(address.exchange, address.key, content, options, (error: unknown) =>
        this.answered(channel, delivery, error),
      );
      this.draining = !ready;
    } catch (error) {
      // Of a channel that is ending, which is told in a moment; `stop` puts this one back.
      if (error instanceof IllegalOperationError) this.draining = true;
      else {
        this.onWire.delete(delivery.sequence);
        delivery.end(new PublishError('ERR_REFUSED', 'cannot be written as AMQP', { cause: error }));
      }
    }
  }

  private answered(channel: ConfirmChannel, delivery: Delivery, error: unknown): void {
    // An answer of an earlier channel says nothing about what went out again on this one.
    if (this.channel !== channel || !this.onWire.delete(delivery.sequence)) return;
    if (error) this.nacked.push(delivery);
    else {
      this.backoff.reset();
      this.settings.onProgress();
      this.setProblem(undefined);
      delivery.end(undefined);
    }
    if (this.nacked.length > 0) this.repeatNacked(channel);
    else this.pump();
  }

  /** What waits for a confirm for too long is sent again, over another channel: on this one its confirm may still come. */
  private repeatStalled(): void {
    const { channel, model } = this;
    const [oldest] = this.onWire.values();
    if (!channel || !model || !oldest || this.blocked) return;
    if (Date.now() - Math.max(oldest.writtenAt, this.openSince) < this.settings.confirmTimeout) return;
    this.setProblem('the broker does not confirm messages');
    this.renew(channel, model);
  }

  private renew(channel: ConfirmChannel, model: ChannelModel): void {
    this.stop();
    channel.close().catch(() => {});
    void this.openChannel(model);
  }

  private repeatNacked(channel: ConfirmChannel): void {
    if (this.onWire.size > 0) return;
    this.setProblem('the broker refuses messages for the moment (nack)');
    // Over another channel: one that first published to a quorum queue while its leader was lost is refused until that broker is
    // back, whoever leads meanwhile (seen on RabbitMQ 3.10).
    this.timer = setTimeout(() => {
      if (this.channel === channel && this.model) this.renew(channel, this.model);
    }, this.backoff.next());
  }

  private setProblem(problem: string | undefined): void {
    if (this.problem === problem) return;
    this.problem = problem;
    this.settings.onChange();
  }
}
