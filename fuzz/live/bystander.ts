import type { ConfirmChannel } from 'amqplib';
import { RawClient } from '../../relay/test/support/raw.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { OWN } from './audit.js';

const USER = 'bystander';
/** By subscription: where the numbered messages are published. */
const STREAMS = {
  user: { destination: '/user/topic/stream', exchange: 'relay.user', key: `${USER}.topic.stream` },
  topic: { destination: '/topic/stream.bystander', exchange: 'amq.topic', key: 'stream.bystander' },
} as const;
type Stream = keyof typeof STREAMS;

/** Published beside them, where fuzzing clients must not listen either. */
const BAITS: readonly (readonly [exchange: string, key: string])[] = [
  ['amq.topic', 'fuzz.secret.x'],
  ['amq.topic', 'tenant.nobody.x'],
  ['amq.topic', 'bait'],
  ['relay.app', 'fuzz.a'],
  ['relay.user', 'somebody.topic.a'],
  ['fuzz.exchange', 'closed.x'],
  ['amq.fanout', ''],
  ['', 'bait.queue'],
];
const EVERY_MS = 50;
const BAITS_EVERY = 10;

export interface BystanderFigures {
  published: number;
  received: number;
  /** Longest time from publishing to receiving, in milliseconds. */
  slowest: number;
  violations: string[];
}

/**
 * A user who has nothing to do with it: two steady streams of numbered messages, by a service over AMQP, each of which
 * must arrive once, in order and without much delay.
 */
export class Bystander {
  /** Messages that this has published; the audit sees as many. */
  publishedInAll = 0;
  private readonly next: Record<Stream, number> = { user: 0, topic: 0 };
  private readonly violations: string[] = [];
  private published = 0;
  private slowest = 0;
  private timer: NodeJS.Timeout | undefined;
  private client: RawClient | undefined;

  constructor(
    private readonly channel: ConfirmChannel,
    private readonly secret: string,
  ) {}

  async open(url: string, token: string): Promise<void> {
    const client = await RawClient.open(url, { socket: { headers: { authorization: `Bearer ${token}` } } });
    this.client = client;
    await client.connect();
    for (const [id, { destination }] of Object.entries(STREAMS)) await client.subscribed(id, destination);
    client.socket.on('message', () => this.read());
    await this.channel.assertQueue('bait.queue', { exclusive: true, maxLength: 10 });
    this.timer = setInterval(() => this.publish(), EVERY_MS);
  }

  /** Publishes no more; resolves when all has come or the patience is over. */
  async finish(patience: number): Promise<BystanderFigures> {
    clearInterval(this.timer);
    if (patience > 0) await this.channel.waitForConfirms();
    const all = () => this.next.user === this.published && this.next.topic === this.published;
    await waitFor(all, { what: 'the rest of the streams', timeout: patience }).catch((error: Error) =>
      this.violations.push(
        `${error.message}: ${this.published} published, ${JSON.stringify(this.next)} received`,
      ),
    );
    if (this.client?.closed) this.violations.push(`the bystander was closed (${this.client.closed.code})`);
    const { published, next, slowest, violations } = this;
    return { published: published * 2, received: next.user + next.topic, slowest, violations };
  }

  close(): void {
    clearInterval(this.timer);
    this.client?.destroy();
  }

  private publish(): void {
    const number = this.published++;
    for (const [stream, { exchange, key }] of Object.entries(STREAMS)) {
      this.post(exchange, key, { stream, number, at: Date.now(), secret: this.secret });
    }
    if (number % BAITS_EVERY !== 0) return;
    for (const [exchange, key] of BAITS) this.post(exchange, key, { bait: key, secret: this.secret });
  }

  private post(exchange: string, key: string, body: object): void {
    const headers = { [OWN]: this.secret };
    try {
      this.channel.publish(exchange, key, Buffer.from(JSON.stringify(body)), { headers });
      this.publishedInAll++;
    } catch {
      // The channel has ended, which the run reports.
      clearInterval(this.timer);
    }
  }

  private read(): void {
    for (const { command, headers, body } of this.client?.frames.splice(0) ?? []) {
      if (command === 'ERROR') this.violations.push(`the bystander got an ERROR: ${headers.message}`);
      if (command !== 'MESSAGE') continue;
      const { stream, number, at, secret } = parse(body);
      const expected = this.next[stream];
      if (secret !== this.secret || expected === undefined) {
        this.report(`the bystander got what is not theirs: ${body.subarray(0, 200)}`);
        continue;
      }
      if (number !== expected) this.report(`${stream} ${number} came when ${expected} was expected`);
      this.next[stream] = Math.max(expected, number + 1);
      this.slowest = Math.max(this.slowest, Date.now() - at);
    }
  }

  private report(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation);
  }
}

interface StreamBody {
  stream: Stream;
  number: number;
  /** Milliseconds since the epoch. */
  at: number;
  secret: string;
}

function parse(body: Buffer): StreamBody {
  try {
    return JSON.parse(body.toString()) as StreamBody;
  } catch {
    return { stream: 'user', number: -1, at: 0, secret: '' };
  }
}
