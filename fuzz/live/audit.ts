import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { type FuzzUser, mayPublish, USERS } from '../access.js';

/** Header of messages that the run itself publishes; its values cannot be guessed. */
export const OWN = 'fuzz-own';

/** What RabbitMQ's tracer says of one message that was published (Firehose Tracer, message headers). */
interface Traced {
  exchange_name: string;
  /** Those of CC and BCC, too. */
  routing_keys: string[];
  /** Broker user of the connection. */
  user: string;
  properties: { headers?: Record<string, unknown>; user_id?: string };
}

/** A fuzzing client: its number in the run, and its index into USERS. */
export interface Writer {
  number: number;
  user: number;
}

const MOST_VIOLATIONS = 20;
const TAG = /@([0-9a-f]{16})@/;
const MAILBOX = 'relay.unread.';

/**
 * Sees every message that is published to the broker, through its tracer, and says of each whether who sent it might. It goes
 * by where a message went and whose session wrote it, whatever the frame looked like.
 */
export class Audit {
  /** Messages of fuzzing clients, by exchange. */
  readonly seen: Record<string, number> = {};
  readonly violations: string[] = [];
  /** Messages of the run itself; when the last one is here, everything before it is, too. */
  own = 0;
  private readonly byName = new Map(USERS.map((user) => [user.user, user]));

  /**
   * @param marks values of the header OWN
   * @param privateUser broker user of private links
   * @param writerOf whose client writes this tag; undefined for a tag that nobody has
   */
  constructor(
    private readonly marks: readonly unknown[],
    private readonly privateUser: string,
    private readonly writerOf: (tag: string) => Writer | undefined,
  ) {}

  /**
   * Begins to read; tracing must be on. Beside the tracer it is a service, too: what the broker cannot deliver to such a one
   * costs its connection.
   */
  async open(channel: ConfirmChannel): Promise<void> {
    for (const exchange of ['amq.topic', 'relay.app', 'fuzz.exchange']) {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, exchange, '#');
      await channel.consume(queue, () => {}, { noAck: true });
    }
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'amq.rabbitmq.trace', 'publish.#');
    await channel.consume(queue, (message) => message && this.read(message), { noAck: true });
  }

  private read({ properties, content }: ConsumeMessage): void {
    const traced = properties.headers as unknown as Traced;
    if (this.marks.includes(traced.properties.headers?.[OWN])) this.own++;
    else for (const key of traced.routing_keys) this.look(traced, key, content);
  }

  private look(traced: Traced, key: string, content: Buffer): void {
    const { exchange_name: exchange, user } = traced;
    const headers = traced.properties.headers ?? {};
    const from = headers['relay-user'];
    const tag = TAG.exec(content.toString('latin1'))?.[1];
    const writer = tag === undefined ? undefined : this.writerOf(tag);
    const relay = user !== this.privateUser;
    // What relays keep books with and tell each other has no sender and nothing of a client's.
    if (relay && from === undefined && writer === undefined && /^relay\./.test(exchange || key)) return;

    const where = exchange === '' ? 'the queue' : exchange;
    const about = `${where} ${JSON.stringify(key)} (${user}, client ${writer?.number}): ${content.subarray(0, 80).toString('latin1')}`;
    this.seen[where] = (this.seen[where] ?? 0) + 1;
    const sender = this.byName.get(String(from));
    if (!sender) {
      this.report(`sent by ${JSON.stringify(from)}, who is none of us: ${about}`);
      return;
    }
    // The relay itself puts what is unread into mailboxes, with the key that it had.
    const stored = relay && exchange === '' && key.startsWith(MAILBOX);
    const fine = stored
      ? mayPublish(sender, 'relay.user', key.slice(MAILBOX.length))
      : mayPublish(sender, exchange, key);
    if (!fine) this.report(`${sender.user} must not reach ${about}`);
    this.checkSender(sender, writer, traced, about);
  }

  /** The body says whose session wrote it, whoever the headers say. */
  private checkSender(
    sender: FuzzUser,
    writer: Writer | undefined,
    { properties }: Traced,
    about: string,
  ): void {
    const owner = writer && USERS[writer.user];
    if (owner && owner.user !== sender.user) this.report(`${owner.user} passed for ${sender.user}: ${about}`);
    for (const name of ['CC', 'BCC', 'user-id']) {
      if (properties.headers?.[name] !== undefined) this.report(`the header ${name} came through: ${about}`);
    }
    if (properties.user_id !== undefined) this.report(`user-id came through: ${about}`);
  }

  private report(violation: string): void {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(violation);
  }
}
