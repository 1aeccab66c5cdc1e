import { setTimeout as delay } from 'node:timers/promises';
import { weighted } from '../../fuzz/seeds.js';
import { type Frame, type HeaderList, header } from '../../relay/src/stomp/frame.js';
import { inSeconds, secretToken } from '../../relay/test/support/tokens.js';
import { count, type Inbox, Stream } from '../../torture/load/inbox.js';
import { Mail } from '../../torture/load/mail.js';
import { DESTINATION } from '../../torture/load/protocol.js';
import type { Random } from '../../torture/random.js';
import { Conversation, CutShort } from './conversation.js';
import { errand } from './errands.js';
import { type Tally, TOPICS, type TopicBody, topicKey } from './protocol.js';

/** What all visitors of a process share. */
export interface Place {
  /** Addresses of the relays, `http://…`. */
  relays: readonly string[];
  secret: string;
  inbox: Inbox;
  tally: Tally;
  random: Random;
  /** Aborted when all are to leave. */
  closing: AbortSignal;
}

type AckMode = 'auto' | 'client' | 'client-individual';

const STAY_MS = [3000, 12_000] as const;
const AWAY_MS = [500, 5000] as const;
/** The first visits come as often as the later ones: a storm is another test. */
const EACH_LATER_MS = 12;
/** After a visit that was cut short: a relay that turns clients away is not to be stormed. */
const LATER_MS = [2000, 6000] as const;
const TOKEN_SECONDS = 600;
/** For those whose token ends while they are there. */
const SHORT_TOKEN_SECONDS = 5;
const PULL_MS = 15_000;

/** A user who comes, subscribes, does something, stays a while and leaves in one way or another, again and again. */
export class Visitor {
  /** One of its own, as the limits for an address are the defaults. */
  private readonly address: string;
  private stream = new Stream();
  private numbers = new Map<number, number>();

  constructor(
    readonly index: number,
    readonly name: string,
    private readonly place: Place,
  ) {
    this.address = `127.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  }

  /** Comes and goes until the place closes. */
  async live(): Promise<void> {
    const { tally, closing, random } = this.place;
    await this.wait(this.index * EACH_LATER_MS);
    while (!closing.aborted) {
      let away: readonly [number, number] = AWAY_MS;
      try {
        await this.visit();
        tally.visits++;
      } catch (error) {
        away = LATER_MS;
        count(tally.troubles, error instanceof Error ? error.message : String(error));
      }
      await this.wait(random.between(...away));
    }
  }

  /** @returns whether everything that can be pulled now was pulled within `patience` milliseconds. */
  async pull(patience: number): Promise<boolean> {
    const { relays, inbox, tally, random } = this.place;
    const token = await this.token(TOKEN_SECONDS);
    const trouble = (what: string) => count(tally.troubles, what);
    const mail = new Mail(relays, token, trouble, random.below(relays.length));
    return mail.pullAll(patience, ({ id, body }) => inbox.receive(this.name, 'pulled', id, body));
  }

  private async visit(): Promise<void> {
    const { random, tally } = this.place;
    const kind = weighted(random, [
      [90, 'token'],
      [7, 'ticket'],
      [3, 'short token'],
    ] as const);
    if (kind === 'short token') {
      await this.outstay();
      count(tally.done, 'stayed until the token ended');
      return;
    }
    const conversation = await this.connect(kind);
    try {
      await this.subscribe(conversation);
      count(tally.done, `came with a ${kind}`);
      const stay = random.between(...STAY_MS);
      await this.stay(conversation, stay / 2);
      const token = () => this.token(TOKEN_SECONDS);
      await errand(conversation, { index: this.index, random, token }, this.place);
      await this.stay(conversation, stay / 2);
      await this.leave(conversation);
    } finally {
      conversation.cut();
    }
  }

  private async connect(kind: 'token' | 'ticket' | 'short token'): Promise<Conversation> {
    const { relays, random } = this.place;
    const relay = new URL(random.pick(relays));
    const token = await this.token(kind === 'short token' ? SHORT_TOKEN_SECONDS : TOKEN_SECONDS);
    const ticket = kind === 'ticket' ? await this.ticket(relay, token) : undefined;
    this.stream = new Stream();
    this.numbers = new Map();
    const conversation: Conversation = new Conversation({
      host: relay.hostname,
      port: Number(relay.port),
      localAddress: this.address,
      path: ticket ?? '/ws',
      token: ticket === undefined ? token : undefined,
      onMessage: (message) => this.receive(conversation, message),
    });
    await conversation.open();
    return conversation;
  }

  /** The path of an address that is good once. */
  private async ticket(relay: URL, token: string): Promise<string> {
    const response = await fetch(new URL('/api/tickets', relay), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
    });
    if (!response.ok) throw new CutShort(`ticket ${response.status}`);
    return new URL(((await response.json()) as { url: string }).url).pathname;
  }

  private async subscribe(conversation: Conversation): Promise<void> {
    const { random } = this.place;
    const ack = random.pick<AckMode>(['auto', 'auto', 'client', 'client-individual']);
    const headers = ['id', `user ${ack}`, 'destination', DESTINATION, 'ack', ack];
    if (random.below(3) === 0) headers.push('unread', 'replay');
    await conversation.confirmed('SUBSCRIBE', headers);
    if (random.below(5) < 3) {
      const topic = random.below(10) === 0 ? 'public.soak.*' : topicKey(random.below(TOPICS));
      const wanted = ['id', 'topic', 'destination', `/topic/${topic}`];
      await conversation.confirmed('SUBSCRIBE', wanted);
    }
    if (random.below(6) === 0) await this.pull(PULL_MS);
  }

  private receive(conversation: Conversation, { headers, body }: Frame): void {
    const subscription = header(headers, 'subscription') ?? '';
    if (subscription === 'topic') this.follow(JSON.parse(body.toString()) as TopicBody);
    if (!subscription.startsWith('user ')) return;
    const unread = header(headers, 'unread') === 'true';
    const id = header(headers, 'amqp-message-id');
    const stream = unread ? undefined : this.stream;
    this.place.inbox.receive(this.name, unread ? 'replayed' : 'live', id, body.toString(), stream);
    const ack = header(headers, 'ack');
    if (ack !== undefined) this.acknowledge(conversation, ack);
  }

  private acknowledge(conversation: Conversation, ack: string): void {
    const frame: HeaderList = ['id', ack];
    // Some never do, and what they have not acknowledged is unread again.
    if (this.place.random.below(20) > 0) conversation.send('ACK', frame);
  }

  /** Between two messages of a topic that one subscription got, there is none that it did not get. */
  private follow({ topic, number }: TopicBody): void {
    const { tally } = this.place;
    const last = this.numbers.get(topic) ?? number - 1;
    tally.topicMessages++;
    tally.topicGaps += Math.max(0, number - last - 1);
    this.numbers.set(topic, Math.max(last, number));
  }

  /** @throws CutShort when the relay ends the connection. */
  private async stay(conversation: Conversation, milliseconds: number): Promise<void> {
    await Promise.race([this.wait(milliseconds), conversation.gone]);
  }

  /** Where the machine is slow, the token ends before the client is there. */
  private async outstay(): Promise<void> {
    try {
      const conversation = await this.connect('short token');
      await this.subscribe(conversation);
      await conversation.gone;
    } catch (error) {
      if (!/^(closed 4410|ERROR ERR_TOKEN_EXPIRED)$/.test((error as Error).message)) throw error;
    }
  }

  private async leave(conversation: Conversation): Promise<void> {
    const { random, tally } = this.place;
    const how = weighted(random, [
      [5, 'leave'],
      [2, 'cut'],
      [2, 'close'],
      [1, 'half'],
    ] as const);
    await conversation[how]();
    count(tally.done, `left by ${how}`);
  }

  private token(seconds: number): Promise<string> {
    return secretToken(this.place.secret, { sub: this.name, exp: inSeconds(seconds) });
  }

  /** Shorter when the place closes meanwhile. */
  private async wait(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.place.closing }).catch(() => {});
  }
}
