import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Message, Options } from 'amqplib';
import type { Logger } from '../logger.js';
import { mailboxQueue } from '../unread/address.js';
import { type Command, judge, KEEPER_ID } from '../unread/verdict.js';
import { acknowledgementsArrived } from './ack-barrier.js';
import type { Directory } from './directory.js';
import { answerTo } from './inbox.js';
import { carryOut, NOTHING_DONE } from './keeper-commands.js';
import { type Job, Line, type Store } from './keeper-line.js';
import { KnownMailboxes } from './known-mailboxes.js';
import { type MailboxLimits, MailboxMaker } from './mailbox-maker.js';
import { putAside } from './rejected.js';
import { Settling } from './settling.js';
import { names } from './topology.js';

export interface KeeperOptions {
  mailboxes: MailboxLimits;
  /** Messages of the intake on their way into mailboxes. */
  prefetch: number;
  /** RELAY_NODE_TTL, in milliseconds. */
  nodeTtl: number;
}

export interface KeeperEvents {
  /** Something was stored in the mailbox, or it was cleared. */
  onChanged(key: string): void;
  onStored(): void;
  onDropped(reason: string): void;
  onRejected(): void;
  /** Its channel has ended although the connection has not: all of it is to be made anew. */
  onBroken(error: Error): void;
}

/** How often the broker may refuse a message, or a mailbox, before the message counts as one that cannot be kept. */
const ATTEMPTS = 10;
const RETRY_MS = 50;
const RETRY_MOST_MS = 10_000;
/** How long a leaving keeper waits for what it has begun. */
const FAREWELL_MS = 2000;

/**
 * Keeps unread mail: takes what nobody online has confirmed out of the intake and puts it into the mailbox of its
 * user and destination. Every relay has one; the intake's single active consumer decides which of them works.
 *
 * It is the only one who writes into mailboxes, makes and removes them, each in the order of its line. So no
 * message can be on its way into a mailbox while that is removed, which the broker would confirm and forget.
 */
export class Keeper {
  private channel: ConfirmChannel | undefined;
  private maker: MailboxMaker | undefined;
  private settling: Settling | undefined;
  private leaving = false;
  private lines = new Map<string, Line>();
  private published = new Map<string, Store>();
  private known: KnownMailboxes;
  private readonly name = randomBytes(6).toString('base64url');
  private sequence = 0;

  constructor(
    private readonly options: KeeperOptions,
    private readonly directory: Directory,
    private readonly events: KeeperEvents,
    private readonly log: Logger,
  ) {
    this.known = this.nothingKnown();
  }

  /** Runs on every connection, after the directory was connected. */
  async consume(connection: ChannelModel): Promise<void> {
    const channel = await connection.createConfirmChannel();
    const maker = new MailboxMaker(connection, this.options.mailboxes);
    const lost = (error: Error) => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.events.onBroken(error);
    };
    channel.on('error', lost);
    channel.on('close', () => {
      if (this.channel === channel) this.channel = undefined;
    });
    channel.on('return', (message) => this.returned(message));
    this.leaving = false;
    this.lines = new Map();
    this.published = new Map();
    this.known = this.nothingKnown();
    this.maker = maker;
    this.settling = new Settling(
      () => maker.settle(),
      (message) => this.ack(channel, message),
      lost,
    );
    this.channel = channel;
    await channel.prefetch(this.options.prefetch);
    await channel.consume(names.intake, (message) => {
      if (message) this.receive(channel, message);
      else lost(new Error(`${names.intake} was deleted`));
    });
  }

  /** Stops taking, and lets what was begun arrive; the rest is another keeper's. */
  async close(): Promise<void> {
    const { channel } = this;
    if (!channel) return;
    // The consumer stays until the end: without it another keeper would begin at once, and overtake what is begun here.
    this.leaving = true;
    const deadline = Date.now() + FAREWELL_MS;
    while (this.isAtWork && Date.now() < deadline) await delay(10);
    await this.settling?.done();
    await acknowledgementsArrived(channel, names.intake);
    this.channel = undefined;
    await channel.close();
  }

  private get isAtWork(): boolean {
    for (const { busy, inFlight } of this.lines.values()) if (busy || inFlight > 0) return true;
    return false;
  }

  private receive(channel: ConfirmChannel, message: ConsumeMessage): void {
    if (this.leaving) return;
    const { fields, properties, content } = message;
    const verdict = judge(
      fields.exchange,
      fields.routingKey,
      properties,
      content,
      this.options.nodeTtl,
      Date.now(),
    );
    switch (verdict.kind) {
      case 'drop':
        this.events.onDropped(verdict.reason);
        this.ack(channel, message);
        break;
      case 'reject':
        this.reject(channel, message, verdict.reason);
        break;
      default: {
        const line = this.lines.get(verdict.key) ?? new Line(verdict.key);
        this.lines.set(verdict.key, line);
        const job: Job =
          verdict.kind === 'command'
            ? { kind: 'command', command: verdict.command, message }
            : this.storing(line, message, verdict.properties);
        line.waiting.push(job);
        this.advance(channel, line);
      }
    }
  }

  private storing(line: Line, message: ConsumeMessage, properties: Options.Publish): Store {
    const id = `${this.name}-${++this.sequence}`;
    const headers = { ...properties.headers, [KEEPER_ID]: id };
    return {
      kind: 'store',
      id,
      line,
      message,
      properties: { ...properties, headers, mandatory: true },
      returned: false,
      attempts: 0,
    };
  }

  /** Does what can be done now of a mailbox's line. */
  private advance(channel: ConfirmChannel, line: Line): void {
    while (this.channel === channel && !this.leaving && !line.busy) {
      const job = line.waiting[0];
      if (!job) break;
      if (job.kind === 'command') {
        if (line.inFlight > 0) return;
        line.waiting.shift();
        this.occupy(channel, line, this.obey(channel, line.key, job.command, job.message));
      } else if (line.again.length > 0) {
        return;
      } else if (this.known.has(line.key)) {
        line.waiting.shift();
        this.publish(channel, job);
      } else if (line.inFlight > 0) {
        return;
      } else {
        this.occupy(channel, line, this.prepare(channel, line));
      }
    }
    if (line.isIdle && this.lines.get(line.key) === line) this.lines.delete(line.key);
  }

  /** Lets nothing else happen in the line until `work` is done. */
  private occupy(channel: ConfirmChannel, line: Line, work: Promise<void>): void {
    line.busy = true;
    work
      .catch((error: Error) => {
        if (this.channel === channel)
          this.log.error({ err: error, mailbox: line.key }, 'a mailbox is in trouble');
      })
      .finally(() => {
        line.busy = false;
        this.advance(channel, line);
      });
  }

  private nothingKnown(): KnownMailboxes {
    return new KnownMailboxes(this.options.mailboxes.expires / 10);
  }

  /** Makes sure of the mailbox; after too many failures the message at the head of the line is rejected. */
  private async prepare(channel: ConfirmChannel, line: Line): Promise<void> {
    const { maker } = this;
    if (!maker) return;
    try {
      // The entry first: a mailbox without one would be there, but in nobody's list.
      await this.directory.add(line.key);
      await maker.create(line.key);
    } catch (error) {
      if (this.channel !== channel) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn({ mailbox: line.key, error: reason }, 'a mailbox could not be made');
      const head = line.waiting[0];
      if (head?.kind === 'store') await this.failed(channel, head, reason);
      return;
    }
    this.settling?.created(line.key);
    this.known.add(line.key);
  }

  private publish(channel: ConfirmChannel, job: Store): void {
    const { line, message, properties, id } = job;
    line.inFlight++;
    this.published.set(id, job);
    try {
      channel.publish('', mailboxQueue(line.key), message.content, properties, (error: unknown) => {
        if (this.channel === channel) this.confirmed(channel, job, error);
      });
    } catch (error) {
      this.published.delete(id);
      line.inFlight--;
      // A header that cannot be written: it would fail every time.
      this.reject(channel, message, `cannot be published: ${(error as Error).message}`);
    }
  }

  /** The mailbox is gone; the broker confirms what it returns right after. */
  private returned({ properties }: Message): void {
    const job = this.published.get(String(properties.headers?.[KEEPER_ID]));
    if (!job) return;
    job.returned = true;
    this.known.delete(job.line.key);
  }

  private confirmed(channel: ConfirmChannel, job: Store, error: unknown): void {
    const { line } = job;
    this.published.delete(job.id);
    line.inFlight--;
    if (error || job.returned) {
      line.again.push(job);
      line.refused ||= Boolean(error);
      job.returned = false;
    } else {
      this.events.onStored();
      this.events.onChanged(line.key);
      this.settling?.stored(line.key, job.message);
    }
    if (line.inFlight === 0 && line.again.length > 0) {
      const head = line.takeAgain();
      if (line.refused && head) {
        line.refused = false;
        this.occupy(channel, line, this.failed(channel, head, 'refused by the broker'));
        return;
      }
    }
    this.advance(channel, line);
  }

  /** Waits before another attempt for the head of a line, or gives it up. */
  private async failed(channel: ConfirmChannel, head: Store, reason: string): Promise<void> {
    if (++head.attempts < ATTEMPTS) {
      await delay(Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** head.attempts));
      return;
    }
    head.line.waiting.shift();
    this.reject(channel, head.message, reason);
  }

  private async obey(
    channel: ConfirmChannel,
    key: string,
    command: Command,
    message: ConsumeMessage,
  ): Promise<void> {
    const { maker } = this;
    const { replyTo, correlationId } = message.properties;
    try {
      const { gone, cleared } = maker ? await carryOut(command, key, maker) : NOTHING_DONE;
      if (gone) {
        this.known.delete(key);
        this.settling?.removed();
        await this.directory.remove(key);
        this.events.onChanged(key);
      }
      if (replyTo) answerTo(channel, replyTo, correlationId, { cleared });
    } finally {
      this.ack(channel, message);
    }
  }

  /** For messages that can never be kept: aside, with the reason, where an operator finds them. */
  private reject(channel: ConfirmChannel, message: ConsumeMessage, reason: string): void {
    if (this.channel !== channel) return;
    this.events.onRejected();
    this.log.warn({ reason, key: message.fields.routingKey }, 'an unread message cannot be kept');
    putAside(channel, message, reason, (error) => {
      if (this.channel !== channel) return;
      if (!error) this.ack(channel, message);
      else setTimeout(() => this.reject(channel, message, reason), RETRY_MOST_MS).unref();
    });
  }

  private ack(channel: ConfirmChannel, message: ConsumeMessage): void {
    if (this.channel === channel) channel.ack(message);
  }
}
