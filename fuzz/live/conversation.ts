import type { Random } from '../../torture/random.js';
import { type FuzzUser, PEER, USERS } from '../access.js';
import { hostileDestination } from '../gen/destinations.js';
import { frameBody, grammarFrame } from '../gen/frames.js';
import { mutate } from '../gen/mutate.js';
import { hostileText, hostileValue } from '../gen/text.js';
import { chance, weighted } from '../seeds.js';
import { type Version, write } from './connect.js';
import { type Headers, hostileWord, oddHeaders, shapingHeaders, smuggling } from './oddities.js';

/** Whom a fuzzing client would like to reach. */
const VICTIMS = ['bystander', 'admin', PEER, ...USERS.slice(0, 4).map(({ user }) => user)];
const MOST_TRANSACTIONS = 8;

/** What one client says: it remembers what it has opened, so that most of it makes sense. */
export class Conversation {
  private readonly subscriptions: string[] = [];
  private readonly transactions: string[] = [];
  private readonly user: FuzzUser;
  private readonly version: Version;
  private readonly tag: string;
  private sequence = 0;
  /** Frames that were made so far. */
  frames = 0;

  constructor(
    private readonly random: Random,
    { user, version, tag }: { user: number | undefined; version: Version; tag: string },
  ) {
    this.user = USERS[user ?? 0] as FuzzUser;
    this.version = version;
    this.tag = tag;
  }

  /** A frame that the access file allows, with more or less odd things about it. */
  good(): Buffer {
    const { random } = this;
    return weighted(random, [
      [30, () => this.send(this.target(), oddHeaders(random))],
      [8, () => this.subscribe()],
      [2, () => this.comeAndGo()],
      [5, () => this.acknowledge('{{own-ack}}')],
      [3, () => this.unsubscribe()],
      [3, () => this.transaction()],
      [3, () => Buffer.from(random.pick(['\n', '\r\n', '\n\n\n']))],
      [2, () => this.send('/queue/fuzz.a', [['reply-to', `/temp-queue/${random.pick(['a', 'b', 'c.d'])}`]])],
      [
        1,
        () =>
          this.send(this.target(), [
            [
              'reply-to',
              random.pick(['/topic/fuzz.a', '/queue/fuzz.b', 'plain', hostileText(random, 1) || 'x']),
            ],
          ]),
      ],
    ])();
  }

  /** A frame that wants something that it must not get, or is none. */
  hostile(): Buffer {
    const { random } = this;
    const destination = () => hostileDestination(random, VICTIMS);
    return weighted(random, [
      [6, () => this.send(destination(), oddHeaders(random))],
      [
        6,
        () =>
          this.frame('SUBSCRIBE', [
            ['id', this.next('h')],
            ['destination', destination()],
            ...shapingHeaders(random),
          ]),
      ],
      [5, () => mutate(random, this.good())],
      [5, () => grammarFrame(random, { escape: this.version !== '1.0' })],
      [
        2,
        () =>
          this.acknowledge(
            random.pick(['{{foreign-ack}}', '1:x', 'T_x@@session-y@@1', '', hostileText(random)]),
          ),
      ],
      [
        2,
        () =>
          this.send(this.target(), [
            [
              'reply-to',
              random.pick([destination(), hostileValue(random), longName(random), longName(random)]),
            ],
          ]),
      ],
      [2, () => this.send(this.target(), shapingHeaders(random))],
      [2, () => smuggling(random, this.tag)],
      [
        1,
        () =>
          this.send('/relay/token', [
            ['Authorization', random.pick(['{{foreign-token}}', 'Bearer x', hostileText(random)])],
          ]),
      ],
      [
        1,
        () => this.frame(random.pick(['CONNECT', 'STOMP', 'DISCONNECT', 'MESSAGE', 'ERROR']), this.receipt()),
      ],
      [
        1,
        () =>
          this.frame(random.pick(['COMMIT', 'ABORT', 'BEGIN', 'UNSUBSCRIBE']), [
            [random.pick(['transaction', 'id']), hostileValue(random)],
          ]),
      ],
    ])();
  }

  private target(): string {
    const { random } = this;
    const self = encodeURIComponent(this.user.user).replace(/\./g, '%2E').replace(/\*/g, '%2A');
    const tenant = typeof this.user.tenant === 'string' ? this.user.tenant : 't1';
    return weighted(random, [
      [4, () => `/user/${self}/topic/${random.pick(['a', 'b', 'a/b'])}`],
      [2, () => `/user/${PEER}/inbox`],
      [5, () => `/topic/fuzz.${random.pick(['a', 'b', 'a.b', hostileWord(random)])}`],
      [2, () => `/app/fuzz.${random.pick(['a', 'b/c', hostileWord(random)])}`],
      [2, () => `/queue/fuzz.${random.pick(['a', 'b'])}`],
      [1, () => `/exchange/fuzz.exchange/open.${random.pick(['a', 'b.c'])}`],
      [1, () => '/amq/queue/fuzz.fixed'],
      [/^[a-z0-9]+$/.test(tenant) ? 1 : 0, () => `/topic/tenant.${tenant}.a`],
    ])();
  }

  private send(destination: string, extra: Headers): Buffer {
    const { random } = this;
    const headers: Headers = [['destination', destination], ...this.receipt(), ...extra];
    const transaction = this.transactions.at(-1);
    if (transaction !== undefined && chance(random, 0.4)) headers.push(['transaction', transaction]);
    const body = Buffer.concat([Buffer.from(`@${this.tag}@`), frameBody(random)]);
    if (body.includes(0) || chance(random, 0.5)) headers.push(['content-length', String(body.length)]);
    return this.frame('SEND', random.shuffled(headers), body);
  }

  private subscribe(): Buffer {
    const { random } = this;
    const id = this.next('s');
    const [destination, ack] = weighted<() => [string, string]>(random, [
      [
        5,
        () => [
          `/user/topic/${random.pick(['a', 'b', 'a/b'])}`,
          random.pick(['auto', 'client', 'client-individual']),
        ],
      ],
      [1, () => ['/user/relay.unread', 'auto']],
      [
        4,
        () => [
          `/topic/fuzz.${random.pick(['a', 'b', 'a.#', 'a.*'])}`,
          random.pick(['auto', 'auto', 'client']),
        ],
      ],
      [1, () => [`/queue/fuzz.${random.pick(['a', 'b'])}`, random.pick(['auto', 'client-individual'])]],
      [1, () => ['/exchange/fuzz.exchange/open.#', 'auto']],
      [1, () => ['/amq/queue/fuzz.fixed', 'client-individual']],
    ])();
    this.subscriptions.push(id);
    const headers: Headers = [['id', id], ['destination', destination], ['ack', ack], ...this.receipt()];
    if (destination.startsWith('/user/topic') && chance(random, 0.3)) headers.push(['unread', 'replay']);
    if (destination === '/topic/fuzz.a' && chance(random, 0.1)) headers.push(['durable', 'true']);
    return this.frame('SUBSCRIBE', headers);
  }

  /** Leaves a topic while messages are on their way to it. */
  private comeAndGo(): Buffer {
    const destination = `/topic/fuzz.${this.random.pick(['a', 'b'])}`;
    const id = this.next('g');
    const messages = Array.from({ length: 1 + this.random.below(4) }, () => this.send(destination, []));
    return Buffer.concat([
      this.frame('SUBSCRIBE', [
        ['id', id],
        ['destination', destination],
      ]),
      ...messages,
      this.frame('UNSUBSCRIBE', [['id', id]]),
    ]);
  }

  private unsubscribe(): Buffer {
    const id = this.subscriptions.pop();
    return id === undefined ? Buffer.from('\n') : this.frame('UNSUBSCRIBE', [['id', id], ...this.receipt()]);
  }

  private acknowledge(id: string): Buffer {
    const command = this.version !== '1.0' && chance(this.random, 0.2) ? 'NACK' : 'ACK';
    // The place-holder is filled in with an escaped value, and must not be escaped itself.
    return this.frame(command, [
      [this.version === '1.2' ? 'id' : 'message-id', id],
      ['subscription', this.subscriptions.at(-1) ?? 's1'],
    ]);
  }

  private transaction(): Buffer {
    const open = this.transactions.length;
    if (open === 0 || (open < MOST_TRANSACTIONS && chance(this.random, 0.4))) {
      this.transactions.push(this.next('t'));
      return this.frame('BEGIN', [['transaction', this.transactions.at(-1) ?? ''], ...this.receipt()]);
    }
    const command = this.random.pick(['COMMIT', 'ABORT']);
    return this.frame(command, [['transaction', this.transactions.pop() ?? ''], ...this.receipt()]);
  }

  private receipt(): Headers {
    return chance(this.random, 0.3)
      ? [['receipt', chance(this.random, 0.9) ? this.next('r') : hostileText(this.random)]]
      : [];
  }

  private next(prefix: string): string {
    return `${prefix}${++this.sequence}`;
  }

  private frame(command: string, headers: Headers, body: Buffer | string = ''): Buffer {
    this.frames++;
    return write(command, headers, body, this.version);
  }
}

/** About as long as AMQP can take a name, which is what a routing key, a queue and an answer's address are. */
function longName(random: Random): string {
  return (
    random.pick(['', '/queue/', '/topic/', '/temp-queue/']) +
    'x'.repeat(random.pick([240, 255, 256, 400, 1000]))
  );
}
