import { UnreadError } from '../../src/unread/errors.js';
import type {
  MailboxAddress,
  Pulled,
  PullLimits,
  UnreadMessage,
  UnreadStore,
} from '../../src/unread/store.js';

/** What the store was asked for. */
type Asked =
  | { method: 'pull'; address: MailboxAddress; limits: PullLimits }
  | { method: 'passed'; address: MailboxAddress }
  | { method: 'giveBack'; lease: string }
  | { method: 'clear'; userWord: string; rest: string | undefined };

/** Unread mail in memory, for tests of what is in front of the store. Leases do not end by themselves. */
export class MemoryStore implements UnreadStore {
  readonly asked: Asked[] = [];
  /** Awaited by every pull before it answers. */
  gate: Promise<void> = Promise.resolve();
  /** What every method rejects with, when set. */
  failure: Error | undefined;
  /** Milliseconds that leases are said to live. */
  expiresIn = 60_999;
  private readonly boxes = new Map<string, UnreadMessage[]>();
  private readonly leases = new Map<string, { user: string; box: string; messages: UnreadMessage[] }>();

  put(userWord: string, rest: string, body: string | Buffer, headers: string[] = []): void {
    const id = `${rest}-${this.box(`${userWord} ${rest}`).length + 1}`;
    this.putMessage(userWord, rest, { id, headers, body: Buffer.from(body as string) });
  }

  putMessage(userWord: string, rest: string, message: UnreadMessage): void {
    this.box(`${userWord} ${rest}`).push(message);
  }

  get givenBack(): string[] {
    return this.asked.flatMap((each) => (each.method === 'giveBack' ? [each.lease] : []));
  }

  async passed(address: MailboxAddress): Promise<void> {
    this.check();
    this.asked.push({ method: 'passed', address });
  }

  async pull(address: MailboxAddress, limits: PullLimits): Promise<Pulled> {
    this.check();
    this.asked.push({ method: 'pull', address, limits });
    const name = `${address.userWord} ${address.rest}`;
    const messages = this.box(name).splice(0, limits.messages);
    const remaining = this.box(name).length;
    const lease = messages.length > 0 ? `lease-${this.asked.length}` : undefined;
    if (lease) this.leases.set(lease, { user: address.userWord, box: name, messages });
    await this.gate;
    return { messages, lease, expiresIn: this.expiresIn, remaining };
  }

  async acknowledge(userWord: string, lease: string): Promise<number> {
    this.check();
    const held = this.leases.get(lease);
    if (held?.user !== userWord)
      throw new UnreadError('ERR_LEASE_OVER', 'the lease is over; pull again', 410);
    this.leases.delete(lease);
    return held.messages.length;
  }

  giveBack(lease: string): void {
    this.asked.push({ method: 'giveBack', lease });
    const held = this.leases.get(lease);
    this.leases.delete(lease);
    if (held) this.box(held.box).unshift(...held.messages);
  }

  async counts(userWord: string): Promise<Map<string, number>> {
    this.check();
    return new Map(this.boxesOf(userWord).map(([rest, box]) => [rest, box.length]));
  }

  async clear(userWord: string, rest?: string): Promise<number> {
    this.check();
    this.asked.push({ method: 'clear', userWord, rest });
    const cleared = this.boxesOf(userWord).filter(([name]) => rest === undefined || name === rest);
    return cleared.reduce((sum, [, box]) => sum + box.splice(0).length, 0);
  }

  private boxesOf(userWord: string): [rest: string, box: UnreadMessage[]][] {
    const own = [...this.boxes].filter(([name, box]) => name.startsWith(`${userWord} `) && box.length > 0);
    return own.map(([name, box]) => [name.slice(userWord.length + 1), box]);
  }

  private box(name: string): UnreadMessage[] {
    const box = this.boxes.get(name) ?? [];
    this.boxes.set(name, box);
    return box;
  }

  private check(): void {
    if (this.failure) throw this.failure;
  }
}
