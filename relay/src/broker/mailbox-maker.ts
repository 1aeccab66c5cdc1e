import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel } from 'amqplib';
import { mailboxQueue } from '../unread/address.js';
import { settleMetadata } from './metadata.js';
import { openQuietly, Probe } from './probe.js';
import { NO_DELIVERY_LIMIT, names } from './topology.js';

/** Bounds on every mailbox; see the settings RELAY_MAILBOX_…. Times are milliseconds, sizes bytes. */
export interface MailboxLimits {
  type: 'classic' | 'quorum';
  /** Unused for this long, a mailbox is removed with what is in it. */
  expires: number;
  /** Older messages are dropped. */
  age: number;
  /** When there are more, the oldest are dropped. */
  length: number;
  bytes: number;
}

/** Declarations that the broker works on side by side: each waits for a disk. */
const CHANNELS = 8;
const PRECONDITION_FAILED = 406;
const GIVING_BACK_MS = 50;

/** Creates and removes mailboxes, on channels of its own, because the broker closes the channel of what it refuses. */
export class MailboxMaker {
  private readonly makers: Maker[];
  private readonly settler: Promise<Channel>;
  private turn = 0;

  constructor(connection: ChannelModel, limits: MailboxLimits) {
    this.makers = Array.from({ length: CHANNELS }, () => new Maker(connection, limits));
    this.settler = openQuietly(connection);
    // Whoever uses it learns of it.
    this.settler.catch(() => {});
  }

  /** Makes sure that the mailbox is there, and starts its time anew when it was. */
  create(key: string): Promise<void> {
    return this.next().run((maker) => maker.create(mailboxQueue(key)));
  }

  /** Removes the mailbox with everything in it; resolves with how many messages nobody had taken. */
  delete(key: string): Promise<number> {
    return this.next().run((maker) => maker.delete(mailboxQueue(key)));
  }

  /** Removes the mailbox if it is empty and nobody reads it; false when it was left. */
  async deleteUnused(key: string): Promise<boolean> {
    const queue = mailboxQueue(key);
    if (await this.next().run((maker) => maker.isUsed(queue))) return false;
    // A reader that gives back a page is for a moment neither a consumer, nor are its messages there.
    await delay(GIVING_BACK_MS);
    return this.next().run((maker) => maker.deleteUnused(queue));
  }

  /** Resolves once what was created outlives a kill of the broker. */
  async settle(): Promise<void> {
    await settleMetadata(await this.settler);
  }

  private next(): Maker {
    return this.makers[this.turn++ % CHANNELS] as Maker;
  }
}

/** One channel, one thing after the other. */
class Maker {
  private channel: Channel | undefined;
  private readonly probe: Probe;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly connection: ChannelModel,
    private readonly limits: MailboxLimits,
  ) {
    this.probe = new Probe(connection);
  }

  run<T>(work: (maker: Maker) => Promise<T>): Promise<T> {
    const result = this.last.then(() => work(this));
    this.last = result.catch(() => {
      this.channel = undefined;
    });
    return result;
  }

  async create(queue: string): Promise<void> {
    this.channel ??= await openQuietly(this.connection);
    try {
      const { messageCount } = await this.channel.assertQueue(queue, mailboxOptions(this.limits));
      if (messageCount > 0) await this.touch(this.channel, queue);
    } catch (error) {
      // It was made under other settings, and is a mailbox all the same.
      if ((error as { code?: unknown }).code !== PRECONDITION_FAILED) throw error;
      this.channel = undefined;
    }
  }

  async delete(queue: string): Promise<number> {
    this.channel ??= await openQuietly(this.connection);
    return (await this.channel.deleteQueue(queue)).messageCount;
  }

  async deleteUnused(queue: string): Promise<boolean> {
    if (await this.isUsed(queue)) return false;
    // Nobody but the keeper writes here, and it does not while this runs: the queue stays as it was seen.
    await this.delete(queue);
    return true;
  }

  async isUsed(queue: string): Promise<boolean> {
    const state = await this.probe.look(queue);
    return state !== undefined && (state.messages > 0 || state.consumers > 0);
  }

  /** A mailbox that is only written to counts as unused, and a quorum queue that is declared again does, too. */
  private async touch(channel: Channel, queue: string): Promise<void> {
    const message = await channel.get(queue);
    if (message) channel.nack(message, false, true);
  }
}

function mailboxOptions({ type, expires, age, length, bytes }: MailboxLimits) {
  return {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-expires': expires,
      'x-message-ttl': age,
      'x-max-length': length,
      'x-max-length-bytes': bytes,
      'x-overflow': 'drop-head',
      // Where what is dropped is counted.
      'x-dead-letter-exchange': names.dropped,
      ...(type === 'quorum' ? { 'x-delivery-limit': NO_DELIVERY_LIMIT } : {}),
    },
  };
}
