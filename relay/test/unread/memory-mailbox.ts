import { EventEmitter } from 'node:events';
import type { Channel, ConsumeMessage } from 'amqplib';
import { Batch } from '../../src/broker/batch.js';
import type { PullLimits } from '../../src/unread/store.js';

interface Entry {
  readonly body: string;
  redelivered: boolean;
  takenBy: MemoryChannel | undefined;
}

/** The consumer of the first message of a batch, and of all others. */
const FIRST = 'first';
const OTHERS = 'others';

/** Answers of the broker arrive when this resolves. */
export type Latency = () => Promise<void>;

/** As an AMQP channel on which messages of one mailbox stand unacknowledged. */
export class MemoryChannel extends EventEmitter {
  /** Set: what is done on it throws, as with a channel that this side is closing. */
  unusable = false;
  isClosed = false;
  private cancelled = false;

  constructor(
    private readonly mailbox: MemoryMailbox,
    private readonly messages: ConsumeMessage[],
  ) {
    super();
  }

  ack(message: ConsumeMessage): void {
    this.use();
    this.mailbox.remove(message.fields.deliveryTag);
    this.handOutMore(message);
  }

  nack(message: ConsumeMessage, allUpTo: boolean, requeue: boolean): void {
    this.use();
    if (allUpTo || !requeue) throw new Error('a message must go back where it was, and it alone');
    this.mailbox.putBack(message.fields.deliveryTag);
    this.handOutMore(message);
  }

  async cancel(consumerTag: string): Promise<void> {
    this.use();
    if (consumerTag === FIRST) this.cancelled = true;
    await this.mailbox.latency();
  }

  async checkQueue(): Promise<{ messageCount: number }> {
    this.use();
    await this.mailbox.latency();
    if (this.isClosed) throw new Error('the channel has ended');
    if (this.mailbox.exists) return { messageCount: this.mailbox.waiting.length };
    const missing = Object.assign(new Error('NOT_FOUND'), { code: 404 });
    this.emit('error', missing);
    this.lose();
    throw missing;
  }

  async close(): Promise<void> {
    this.use();
    await this.mailbox.latency();
    this.lose();
  }

  /** The channel has ended, on whichever side; the broker has back what was not acknowledged. */
  lose(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.mailbox.release(this);
    this.emit('close');
  }

  /** The consumer of the first message has a prefetch of one: when that is settled, it is handed the oldest there is. */
  private handOutMore(settled: ConsumeMessage): void {
    if (settled !== this.messages[0] || this.cancelled) return;
    this.messages.push(...this.mailbox.handOut(this, 1));
  }

  /** Whether a consumer of it shows that the mailbox is in use. */
  get reads(): boolean {
    return !this.cancelled && !this.isClosed;
  }

  private use(): void {
    if (this.unusable || this.isClosed) throw new Error('the channel is closing');
  }
}

/** One mailbox, in memory; what is taken out of it is a real `Batch` on a channel that is not. */
export class MemoryMailbox {
  exists = true;
  readonly channels = new Set<MemoryChannel>();
  private readonly entries = new Map<number, Entry>();
  private tags = 0;

  constructor(readonly latency: Latency = () => Promise.resolve()) {}

  /** Bodies of what nobody has taken, oldest first. */
  get waiting(): string[] {
    return [...this.entries.values()].flatMap(({ body, takenBy }) => (takenBy ? [] : [body]));
  }

  /** Bodies of all that nobody has acknowledged, oldest first. */
  get unread(): string[] {
    return [...this.entries.values()].map(({ body }) => body);
  }

  put(...bodies: string[]): void {
    this.exists = true;
    for (const body of bodies) {
      this.entries.set(++this.tags, { body, redelivered: false, takenBy: undefined });
    }
  }

  /** Takes the oldest messages as `Mailboxes.take` does, but at once. */
  take({ messages }: Pick<PullLimits, 'messages'>): Batch {
    const { batch } = this.takeOn(messages);
    return batch;
  }

  /** The same, with the channel on which they stand. */
  takeOn(messages: number): { batch: Batch; channel: MemoryChannel } {
    const taken: ConsumeMessage[] = [];
    const channel = new MemoryChannel(this, taken);
    this.channels.add(channel);
    taken.push(...this.handOut(channel, messages));
    const batch = new Batch(channel as unknown as Channel, 'mailbox', taken, this.waiting.length);
    return { batch, channel };
  }

  /** Removes the mailbox with all that is in it, taken or not. */
  clear(): void {
    this.exists = false;
    this.entries.clear();
  }

  /** Loses the connection. */
  cut(): void {
    for (const channel of [...this.channels]) channel.lose();
  }

  handOut(channel: MemoryChannel, most: number): ConsumeMessage[] {
    const free = [...this.entries].filter(([, { takenBy }]) => !takenBy).slice(0, most);
    return free.map(([deliveryTag, entry], i) => {
      entry.takenBy = channel;
      return {
        content: Buffer.from(entry.body),
        fields: { deliveryTag, redelivered: entry.redelivered, consumerTag: i === 0 ? FIRST : OTHERS },
        properties: { headers: {}, messageId: entry.body },
      } as ConsumeMessage;
    });
  }

  remove(tag: number): void {
    this.entries.delete(tag);
  }

  putBack(tag: number): void {
    const entry = this.entries.get(tag);
    if (!entry) return;
    entry.takenBy = undefined;
    entry.redelivered = true;
  }

  release(channel: MemoryChannel): void {
    this.channels.delete(channel);
    for (const [tag, { takenBy }] of this.entries) if (takenBy === channel) this.putBack(tag);
  }
}
