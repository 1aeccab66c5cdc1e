import type { ConsumeMessage } from 'amqplib';
import type { Batch } from '../broker/batch.js';
import type { Directory } from '../broker/directory.js';
import type { Inbox } from '../broker/inbox.js';
import type { Mailboxes } from '../broker/mailboxes.js';
import { stompHeaders } from '../broker/message-headers.js';
import { names } from '../broker/topology.js';
import type { UnreadMetrics } from '../metrics.js';
import { REPLACED } from '../outbound/message.js';
import type { HeaderList } from '../stomp/frame.js';
import { mailboxKey } from './address.js';
import type { Changes } from './changes.js';
import type { UnreadError } from './errors.js';
import { Leases, leaseOver, relayOf } from './leases.js';
import type { MailboxAddress, Pulled, PullLimits, UnreadMessage, UnreadStore } from './store.js';
import { type Command, KEEPER_ID } from './verdict.js';

/** How long the keeper may have to work on what is before a question, in milliseconds. */
const BACKLOG_MS = 120_000;

export interface UnreadOptions {
  /** Milliseconds. */
  leaseTime: number;
  maxLeases: number;
}

/** Everything that is done with unread mail except keeping it: for HTTP, for replay and for the badge. */
export class Unread implements UnreadStore {
  readonly leases: Leases;

  constructor(
    private readonly mailboxes: Mailboxes,
    private readonly directory: Directory,
    private readonly inbox: Inbox,
    readonly changes: Changes,
    private readonly options: UnreadOptions,
    private readonly metrics: UnreadMetrics,
  ) {
    this.leases = new Leases(options.leaseTime, options.maxLeases);
    inbox.on('ack', (body, reply) => {
      const { userWord, lease } = body as { userWord: string; lease: string };
      this.leases.acknowledge(userWord, lease).then(
        (acknowledged) => reply({ acknowledged }),
        () => reply({}),
      );
    });
  }

  async pull(address: MailboxAddress, limits: PullLimits): Promise<Pulled> {
    this.leases.checkRoom();
    const expiresIn = this.options.leaseTime;
    const batch = await this.take(address, limits);
    if (!batch || batch.messages.length === 0) {
      return { messages: [], lease: undefined, expiresIn, remaining: batch?.remaining ?? 0 };
    }
    const lease = this.leases.grant(this.inbox.id, address.userWord, batch);
    return { messages: batch.messages.map(unreadMessage), lease, expiresIn, remaining: batch.remaining };
  }

  async acknowledge(userWord: string, lease: string): Promise<number> {
    const relay = relayOf(lease);
    if (relay === this.inbox.id) return this.leases.acknowledge(userWord, lease);
    if (!/^[\w-]{12}$/.test(relay)) throw leaseOver();
    try {
      const answer = await this.inbox.askRelay(relay, 'ack', { userWord, lease });
      const { acknowledged } = answer as { acknowledged?: number };
      if (acknowledged !== undefined) return acknowledged;
    } catch (error) {
      if ((error as UnreadError).code !== 'ERR_NOBODY_THERE') throw error;
    }
    throw leaseOver();
  }

  giveBack(lease: string): void {
    this.leases.giveBack(lease);
  }

  async counts(userWord: string): Promise<Map<string, number>> {
    const rests = await this.directory.list(userWord);
    const counts = await Promise.all(rests.map((rest) => this.count({ userWord, rest })));
    return new Map(rests.map((rest, i) => [rest, counts[i] ?? 0] as const).filter(([, count]) => count > 0));
  }

  async clear(userWord: string, rest?: string): Promise<number> {
    const rests = rest === undefined ? await this.directory.list(userWord) : [rest];
    const cleared = await Promise.all(
      rests.map((one) => this.command('clear', mailboxKey({ userWord, rest: one }))),
    );
    return cleared.reduce((sum, count) => sum + count, 0);
  }

  /** Messages that wait in one mailbox. */
  async count(address: MailboxAddress): Promise<number> {
    return (await this.mailboxes.count(mailboxKey(address))) ?? 0;
  }

  /** Takes messages for as long as they need; the mailbox is removed when nothing is left in it at the end. */
  async take(address: MailboxAddress, limits: PullLimits): Promise<Batch | undefined> {
    const key = mailboxKey(address);
    const batch = await this.mailboxes.take(key, limits);
    if (!batch) return undefined;
    const { userWord, rest } = address;
    this.metrics.taken.inc(batch.messages.length);
    if (batch.messages.length > 0) this.changes.changed(userWord, rest);
    void batch.ended.then(({ left, returned }) => {
      this.metrics.returned.inc(returned);
      this.metrics.read.inc(batch.messages.length - returned);
      if (returned > 0) this.changes.changed(userWord, rest);
      if (left + returned === 0) this.inbox.tell('', names.intake, 'remove', key);
    });
    return batch;
  }

  async passed(address: MailboxAddress): Promise<void> {
    await this.command('passed', mailboxKey(address), BACKLOG_MS);
  }

  private async command(command: Command, key: string, timeout?: number): Promise<number> {
    const answer = await this.inbox.ask('', names.intake, command, key, timeout);
    return (answer as { cleared?: number } | undefined)?.cleared ?? 0;
  }
}

export function unreadMessage(message: ConsumeMessage): UnreadMessage {
  const { messageId, headers } = message.properties;
  const id: unknown = messageId ?? headers?.[KEEPER_ID];
  const all = stompHeaders(message);
  const own: HeaderList = [];
  // A publisher may have written the names of what the relay itself says about a message.
  for (let i = 0; i < all.length; i += 2) {
    if (!REPLACED.has(all[i] as string)) own.push(all[i] as string, all[i + 1] as string);
  }
  return { id: String(id ?? ''), headers: own, body: message.content };
}
