import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { directoryQueueOf, ownerOf, writeEntry } from './directory-entries.js';
import { answerTo, type Inbox } from './inbox.js';
import { directoryQueues } from './topology.js';

interface Entry {
  channel: ConfirmChannel;
  message: ConsumeMessage;
  /** When it was handed to us, in milliseconds since 1970. */
  since: number;
}

/** The broker closes the channel of whoever leaves a message unacknowledged for half an hour. */
const RENEW_AFTER_MS = 10 * 60_000;
const RENEW_EVERY_MS = 10_000;
/** In one go; enough to renew a full table in time without flooding the broker. */
const RENEW_MOST = 2000;
/** The most that one consumer can hold. */
const PREFETCH = 65_535;

/**
 * Which mailboxes each user has. AMQP cannot list queues, so every mailbox has an entry: a message in one of the
 * directory queues, which the one active consumer of that queue holds without acknowledging it. What it holds is its
 * table; when it dies, the broker gives the same table to the next relay. Questions go through the same queue, so
 * they are answered after every entry that was made before.
 */
export class Directory {
  /** By user word, then by rest. */
  private readonly table = new Map<string, Map<string, Entry>>();
  private channel: ConfirmChannel | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly inbox: Inbox,
    private readonly onBroken: (error: Error) => void,
  ) {}

  /** Runs on every connection. */
  async consume(connection: ChannelModel): Promise<void> {
    this.table.clear();
    clearInterval(this.timer);
    const channel = await connection.createConfirmChannel();
    channel.on('error', (error: Error) => this.onBroken(error));
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.table.clear();
    });
    this.channel = channel;
    await channel.prefetch(PREFETCH);
    for (const queue of directoryQueues) {
      await channel.consume(queue, (message) => {
        if (message) this.receive(channel, message);
        else this.onBroken(new Error(`${queue} was deleted`));
      });
    }
    this.timer = setInterval(() => this.renew(), RENEW_EVERY_MS);
    this.timer.unref();
  }

  /** Resolves when the entry cannot be lost any more. */
  add(key: string): Promise<void> {
    return this.publish('there', key);
  }

  remove(key: string): Promise<void> {
    return this.publish('gone', key);
  }

  /**
   * The rests of a user's mailboxes; some may have been emptied or have expired.
   * @throws UnreadError ERR_BROKER_UNAVAILABLE
   */
  async list(userWord: string): Promise<string[]> {
    const answer = await this.inbox.ask('', directoryQueueOf(userWord), 'list', userWord);
    return Array.isArray(answer) ? answer.filter((rest) => typeof rest === 'string') : [];
  }

  /** The rests of an owner, if this relay is the one that holds them; else none. */
  held(owner: string): string[] {
    return [...(this.table.get(owner)?.keys() ?? [])];
  }

  close(): void {
    clearInterval(this.timer);
  }

  private publish(type: 'there' | 'gone', key: string): Promise<void> {
    const { channel } = this;
    if (!channel) return Promise.reject(new Error('the directory is not connected'));
    return writeEntry(channel, type, key);
  }

  private receive(channel: ConfirmChannel, message: ConsumeMessage): void {
    const { type, replyTo, correlationId } = message.properties;
    const text = message.content.toString();
    if (type === 'list') {
      const userWord: unknown = JSON.parse(text);
      const rests = this.table.get(String(userWord))?.keys() ?? [];
      if (replyTo) answerTo(channel, replyTo, correlationId, [...rests]);
      channel.ack(message);
      return;
    }
    const userWord = ownerOf(text);
    const rest = text.slice(userWord.length + 1);
    const rests = this.table.get(userWord);
    const earlier = rests?.get(rest);
    if (type === 'there') {
      const entry = { channel, message, since: Date.now() };
      if (rests) rests.set(rest, entry);
      else this.table.set(userWord, new Map([[rest, entry]]));
    } else {
      rests?.delete(rest);
      if (rests?.size === 0) this.table.delete(userWord);
      channel.ack(message);
    }
    if (earlier?.channel === channel) channel.ack(earlier.message);
  }

  /** Puts long-held entries anew; the older one is acknowledged when the newer comes in. */
  private renew(): void {
    const before = Date.now() - RENEW_AFTER_MS;
    let renewed = 0;
    for (const [userWord, rests] of this.table) {
      for (const [rest, entry] of rests) {
        if (entry.since > before) continue;
        if (++renewed > RENEW_MOST) return;
        entry.since = Date.now();
        this.add(`${userWord}.${rest}`).catch(() => {});
      }
    }
  }
}
