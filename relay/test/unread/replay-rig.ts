import { setImmediate as turn } from 'node:timers/promises';
import { vi } from 'vitest';
import type { Batch } from '../../src/broker/batch.js';
import { OutboundMessage } from '../../src/outbound/message.js';
import { FrameDecoder } from '../../src/stomp/decoder.js';
import { header } from '../../src/stomp/frame.js';
import { Changes } from '../../src/unread/changes.js';
import { Replay, type ReplaySink, type ReplaySource } from '../../src/unread/replay.js';
import type { MailboxAddress, PullLimits } from '../../src/unread/store.js';
import type { Delivery } from '../../src/upstream/delivery.js';
import { Settlements } from '../session/rig.js';
import { MemoryFeed } from './memory-feed.js';
import { MemoryMailbox } from './memory-mailbox.js';

const ALICE: MailboxAddress = { userWord: 'alice', rest: 'x' };

/** One mailbox and the intake before it; every answer takes as long as the test says. */
export class Post implements ReplaySource {
  readonly mailbox = new MemoryMailbox(() => this.pause());
  /** Unread, but not in the mailbox yet. */
  readonly intake: string[] = [];
  readonly feed = new MemoryFeed();
  readonly changes = new Changes(this.feed);
  /** No question is answered. */
  away = false;
  /** The keeper, alone, does not answer. */
  keeperAway = false;
  /** Milliseconds that the next answers take; the last one counts for all that follow. */
  delays: number[] = [0];
  takes = 0;

  constructor() {
    this.feed.announce = (userWord, rests) => {
      if (!this.away) this.changes.received(userWord, rests);
    };
  }

  async take(_address: MailboxAddress, limits: PullLimits): Promise<Batch | undefined> {
    this.takes++;
    await this.answering();
    const batch = this.mailbox.exists ? this.mailbox.take(limits) : undefined;
    // What happens from here on, this look at the mailbox has not seen.
    await this.pause();
    if (!batch) return undefined;
    if (batch.messages.length > 0) this.changed();
    void batch.ended.then(({ returned }) => {
      if (returned > 0) this.changed();
    });
    return batch;
  }

  async passed(): Promise<void> {
    const before = this.intake.length;
    await this.answering();
    if (this.keeperAway) throw new Error('the keeper is away');
    for (let i = 0; i < before; i++) this.keep();
  }

  /** The keeper puts the oldest message of the intake into the mailbox. */
  keep(): void {
    const next = this.intake.shift();
    if (next === undefined) return;
    this.mailbox.put(next);
    this.changed();
  }

  cut(): void {
    this.away = true;
    this.mailbox.cut();
  }

  back(): void {
    this.away = false;
    this.changes.missed();
  }

  private changed(): void {
    this.changes.changed(ALICE.userWord, ALICE.rest);
  }

  private async answering(): Promise<void> {
    await this.pause();
    if (this.away) throw new Error('the broker is away');
  }

  /** The time that the broker takes; no test waits by it. */
  private async pause(): Promise<void> {
    const ms = this.delays.length > 1 ? this.delays.shift() : this.delays[0];
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

interface Received {
  readonly text: string;
  readonly id: string;
  readonly unread: boolean;
  readonly delivery: Delivery;
}

/** A client that acknowledges when the test says so. */
export class Client implements ReplaySink {
  /** Everything that it got, in order. */
  readonly received: Received[] = [];
  /** What it has not settled, oldest first. */
  readonly open: Received[] = [];
  overflows = 0;
  private waiting: (() => void)[] = [];

  constructor(
    /** How many it may have to acknowledge; infinite where acknowledging makes nobody look again. */
    public most = Number.POSITIVE_INFINITY,
  ) {}

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  deliver(message: OutboundMessage, delivery: Delivery): void {
    const view = { subscription: 's', destination: '/user/x', version: '1.2' } as const;
    const decoder = new FrameDecoder(
      {
        onFrame: ({ headers, body }) => {
          const unread = header(headers, 'unread') === 'true';
          const one = { text: body.toString(), id: header(headers, 'message-id') ?? '', unread, delivery };
          this.received.push(one);
          this.open.push(one);
        },
      },
      { side: 'client' },
    );
    decoder.push(message.encode(view).bytes);
  }

  room(): number {
    return this.most - this.open.length;
  }

  onRoom(callback: () => void): void {
    if (this.most < Number.POSITIVE_INFINITY) this.waiting.push(callback);
  }

  overflow(): void {
    this.overflows++;
  }

  acknowledge(count = this.open.length): void {
    for (const { delivery } of this.open.splice(0, count)) delivery.confirm();
    for (const callback of this.waiting.splice(0)) callback();
  }

  /** Gives the oldest one back. */
  refuse(): void {
    this.open.shift()?.delivery.release();
    for (const callback of this.waiting.splice(0)) callback();
  }

  releaseAll(): void {
    for (const { delivery } of this.open.splice(0)) delivery.release();
  }
}

/** A replay between a post and a client; what is published live passes it as a subscription passes it on. */
export class ReplayRig {
  readonly post = new Post();
  readonly live = new Settlements();
  readonly replay: Replay;

  constructor(
    readonly client = new Client(),
    name = 'session-sub',
  ) {
    this.replay = new Replay(ALICE, name, this.post, client);
  }

  publish(...texts: string[]): void {
    for (const text of texts) {
      const message = new OutboundMessage([], Buffer.from(text), `live-${text}`);
      const delivery = this.live.delivery(text);
      if (!this.replay.holds(message, delivery)) this.client.deliver(message, delivery);
    }
  }

  /** As when the client’s session ends. */
  end(): void {
    this.replay.end();
    this.client.releaseAll();
  }

  /** Lets time pass, and everything happen that is due. */
  async pass(ms = 0): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    await turn();
  }
}

/** `prefix1` … `prefixN` */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
}
