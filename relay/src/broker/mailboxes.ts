import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { mailboxQueue } from '../unread/address.js';
import { UnreadError } from '../unread/errors.js';
import type { PullLimits } from '../unread/store.js';
import { Batch } from './batch.js';
import { MailboxOrder } from './mailbox-order.js';
import { isNotFound, openQuietly, Probe } from './probe.js';

/** How long the broker may take over the first message, and over each one after another, in milliseconds. */
const FIRST_MS = 1000;
const NEXT_MS = 100;

/** Taken before the size of the messages is known. */
const FIRST_STEP = 50;
/** Counted for the headers of a message. */
const HEADER_BYTES = 256;
const PROBES = 4;

/** The mailboxes as their readers see them. Only the keeper writes into them, creates them and removes them. */
export class Mailboxes {
  private connection: ChannelModel | undefined;
  private probes: Probe[] = [];
  private turn = 0;
  private readonly order = new MailboxOrder<Batch>();

  /** Runs on every connection. */
  async open(connection: ChannelModel): Promise<void> {
    this.connection = connection;
    this.probes = Array.from({ length: PROBES }, () => new Probe(connection));
    connection.once('close', () => {
      if (this.connection === connection) this.connection = undefined;
    });
  }

  /** Messages of a mailbox that nobody has taken; undefined when there is no such mailbox. */
  async count(key: string): Promise<number | undefined> {
    const probe = this.probes[this.turn++ % PROBES];
    if (!this.connection || !probe) throw unavailable();
    try {
      return (await probe.look(mailboxQueue(key)))?.messages;
    } catch {
      throw unavailable();
    }
  }

  /** Takes the oldest messages; undefined when there is no such mailbox. */
  take(key: string, limits: PullLimits): Promise<Batch | undefined> {
    return this.order.take(key, () => this.takeNow(key, limits));
  }

  private async takeNow(key: string, limits: PullLimits): Promise<Batch | undefined> {
    const { connection } = this;
    if (!connection) throw unavailable();
    try {
      return await take(await openQuietly(connection), mailboxQueue(key), limits);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw unavailable();
    }
  }
}

async function take(channel: Channel, queue: string, limits: PullLimits): Promise<Batch> {
  const { messageCount } = await channel.checkQueue(queue);
  const taken: ConsumeMessage[] = [];
  if (messageCount > 0) {
    await receive(channel, queue, 1, taken, tag(0));
    if (taken.length === 0) {
      await channel.cancel(tag(0));
      // What came after all has no guard that keeps the mailbox.
      for (const message of taken.splice(0)) channel.nack(message, false, true);
    } else await takeMore(channel, queue, Math.min(messageCount, limits.messages) - 1, limits.bytes, taken);
  }
  // Before anything is put back: the broker answers this ahead of what it has still to put back.
  const { messageCount: waiting } = await channel.checkQueue(queue);
  const tooMany = taken.splice(fitting(taken, limits.bytes));
  for (const message of tooMany) channel.nack(message, false, true);
  return new Batch(channel, queue, taken, waiting + tooMany.length);
}

/** Adds up to `wanted` messages, in steps that leave room for how large they turn out to be. */
async function takeMore(
  channel: Channel,
  queue: string,
  wanted: number,
  bytes: number,
  taken: ConsumeMessage[],
): Promise<void> {
  const most = taken.length + wanted;
  let round = 0;
  // All messages may be as large as the first, and the first as small as none of the others.
  let step = Math.min(FIRST_STEP, fittingMore(taken, bytes));
  while (taken.length < most && step > 0) {
    const before = taken.length;
    const now = Math.min(most - before, step, 65_535);
    // Cancelled at once, so that acknowledging what it brought does not bring more.
    round++;
    await receive(channel, queue, now, taken, tag(round));
    await channel.cancel(tag(round));
    // Somebody else was faster, or messages have passed their time: what there is is a page, too.
    if (taken.length - before < now) return;
    step = fittingMore(taken, bytes);
  }
}

/** How many more of the same average size fit into `bytes`. */
function fittingMore(taken: readonly ConsumeMessage[], bytes: number): number {
  const used = sizeOf(taken);
  return Math.floor(((bytes - used) / used) * taken.length);
}

/** A quorum queue takes back what a channel held consumer by consumer, in the order of their tags. */
function tag(round: number): string {
  return String(round).padStart(6, '0');
}

/** Starts a consumer that is handed out up to `wanted` messages, and waits for them. */
async function receive(
  channel: Channel,
  queue: string,
  wanted: number,
  into: ConsumeMessage[],
  consumerTag: string,
): Promise<void> {
  const before = into.length;
  let ended = false;
  let wake = () => {};
  await channel.prefetch(wanted);
  const take = (message: ConsumeMessage | null) => {
    if (message) into.push(message);
    else ended = true;
    wake();
  };
  await channel.consume(queue, take, { consumerTag });
  while (!ended && into.length - before < wanted) {
    const seen = into.length;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seen === before ? FIRST_MS : NEXT_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (into.length === seen) break;
  }
}

/** Bytes of bodies, and a little for the headers of each. */
function sizeOf(messages: readonly ConsumeMessage[]): number {
  return messages.reduce((sum, { content }) => sum + content.length + HEADER_BYTES, 0);
}

/** How many of the messages fit into `bytes`; at least one. */
function fitting(messages: readonly ConsumeMessage[], bytes: number): number {
  let sum = 0;
  for (const [i, { content }] of messages.entries()) {
    sum += content.length + HEADER_BYTES;
    if (sum > bytes && i > 0) return i;
  }
  return messages.length;
}

function unavailable(): UnreadError {
  return new UnreadError('ERR_BROKER_UNAVAILABLE', 'the broker is not reachable: try again in a moment', 503);
}
