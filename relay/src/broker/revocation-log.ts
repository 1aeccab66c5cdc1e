import { randomBytes } from 'node:crypto';
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { type DatedRevocation, keyOf, parseRevocation, type Revocation } from '../auth/revocation.js';
import { RelayError } from '../errors.js';
import type { Logger } from '../logger.js';
import { withTimeout } from '../util/timeout.js';
import { StreamReader } from './stream-reader.js';
import { declareRevocations, names } from './topology.js';

/** What happens with the revocations that are read. */
export interface RevocationSink {
  add(revocation: DatedRevocation): void;
  /** As `add`, for what was added before with another time. */
  remember(revocation: DatedRevocation): void;
  /** Ends what was added; how many sessions by `keyOf`. */
  apply(): ReadonlyMap<string, number>;
}

interface Waiting {
  resolve(ended: number): void;
  reject(error: Error): void;
}

const PUBLISH_MS = 5000;
/** An entry that does not say when it was published is dated by the first relay that gets to it, in milliseconds. */
const DATING_MS = 500;
/** Milliseconds. */
const MOST_REST_MS = 200;
/** More is no revocation, in bytes. */
const MOST_BYTES = 8192;

/**
 * The log of revocations: a stream behind the exchange `relay.control`, which every relay reads from its beginning when
 * it starts, and follows. So a relay knows what was revoked before it was there, and reacts within milliseconds.
 *
 * Services need not say when something was revoked. The time is then the one at which relays read it; one of them writes
 * it behind, so that a relay that starts a week later does not take it for new and sign out who has come since.
 */
export class RevocationLog {
  /** Whether all that is in the log was read once: before that nobody may be let in. */
  known = false;
  private channel: ConfirmChannel | undefined;
  private readonly reader: StreamReader;
  /** By offset, what came without a time while the log was being caught up with. */
  private readonly undated = new Map<number, Revocation>();
  private readonly dating = new Map<number, NodeJS.Timeout>();
  private readonly waiting = new Map<string, Waiting>();
  /** What is applied next, with the id of whoever waits for it. */
  private readonly due = new Map<string, DatedRevocation>();
  private applying: NodeJS.Timeout | undefined;
  /** On the clock of `performance`. */
  private restUntil = 0;
  private sink: RevocationSink | undefined;

  constructor(
    private readonly onBroken: (error: Error) => void,
    private readonly log: Logger,
  ) {
    this.reader = new StreamReader(names.revocations, {
      onMessage: (message, offset, live) => this.receive(message, offset, live),
      onCaughtUp: () => this.catchUp(),
      onBroken,
    });
  }

  /** Has everything that is in the log, and everything that comes, go to `sink`. Before the first connection. */
  follow(sink: RevocationSink): void {
    this.sink = sink;
  }

  /** Runs on every connection; resolves when everything that was published before is known. */
  async open(connection: ChannelModel): Promise<void> {
    if (!this.sink) throw new Error('nobody follows the log of revocations');
    await declareRevocations(connection);
    const channel = await connection.createConfirmChannel();
    channel.on('close', () => this.forget(channel));
    channel.on('error', (error: Error) => {
      this.forget(channel);
      this.onBroken(error);
    });
    this.channel = channel;
    this.undated.clear();
    await this.reader.open(channel);
    this.known = true;
  }

  /**
   * Has this revoked by all relays; resolves with how many sessions of this one it has ended, when it cannot be lost.
   * @throws RelayError ERR_BROKER_UNAVAILABLE
   */
  async publish(revocation: DatedRevocation): Promise<number> {
    const { channel } = this;
    if (!channel) throw unavailable();
    const id = randomBytes(12).toString('base64url');
    const ended = new Promise<number>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      try {
        channel.publish(names.control, '', encode(revocation), { messageId: id, persistent: true });
      } catch {
        reject(unavailable());
      }
    });
    try {
      return await withTimeout(ended, PUBLISH_MS, 'a revocation');
    } catch {
      throw unavailable();
    } finally {
      this.waiting.delete(id);
    }
  }

  /** As `publish`, for what nobody waits for. Dropped while the broker is away. */
  post(revocation: DatedRevocation): void {
    try {
      this.channel?.publish(names.control, '', encode(revocation), { persistent: true });
    } catch {
      // The channel is being closed: as good as away.
    }
  }

  close(): void {
    for (const timer of this.dating.values()) clearTimeout(timer);
    this.dating.clear();
    clearTimeout(this.applying);
  }

  private receive({ content, properties, fields }: ConsumeMessage, offset: number, live: boolean): void {
    // Private links may write to the default exchange, and so to any queue whose name gets past our own checks.
    const isOurs = fields.exchange === names.control && content.length <= MOST_BYTES;
    const found = isOurs ? parseRevocation(content) : undefined;
    if (!found) {
      if (live) {
        this.log.warn(
          { offset },
          `ignored a message on ${names.control}: it takes JSON with one of sub, user, jti and sid, or sid and sub; ` +
            'exp and at are seconds',
        );
      }
      return;
    }
    const at = found.at ?? dateOf(properties.timestamp);
    if (at === undefined) {
      if (live) this.date(offset, found);
      else this.undated.set(offset, found);
      return;
    }
    const revocation = { ...found, at };
    if (found.of === undefined) {
      this.sink?.add(revocation);
      if (this.waiting.has(properties.messageId)) this.due.set(properties.messageId, revocation);
      if (live) this.applySoon();
    } else if (live) {
      clearTimeout(this.dating.get(found.of));
      this.dating.delete(found.of);
      this.sink?.remember(revocation);
    } else {
      this.undated.delete(found.of);
      this.sink?.add(revocation);
    }
  }

  private catchUp(): void {
    // Nobody was there when these were published.
    for (const [offset, revocation] of this.undated) this.date(offset, revocation);
    this.undated.clear();
    this.applySoon();
  }

  /** Takes it for published now, and says so in the log unless another relay is quicker. */
  private date(offset: number, revocation: Revocation): void {
    const dated = { ...revocation, at: Math.floor(Date.now() / 1000) };
    this.sink?.add(dated);
    this.applySoon();
    const timer = setTimeout(() => {
      this.dating.delete(offset);
      this.post({ ...dated, of: offset });
    }, Math.random() * DATING_MS);
    timer.unref();
    this.dating.set(offset, timer);
  }

  /** Each time all sessions are looked through; a flood of revocations must leave time for other things. */
  private applySoon(): void {
    const wait = Math.max(0, this.restUntil - performance.now());
    this.applying ??= setTimeout(() => this.apply(), wait);
  }

  private apply(): void {
    this.applying = undefined;
    const before = performance.now();
    const ended = this.sink?.apply();
    const after = performance.now();
    this.restUntil = after + Math.min(MOST_REST_MS, 4 * (after - before));
    for (const [id, revocation] of this.due) {
      this.waiting.get(id)?.resolve(ended?.get(keyOf(revocation)) ?? 0);
    }
    this.due.clear();
  }

  private forget(channel: ConfirmChannel): void {
    if (this.channel !== channel) return;
    this.channel = undefined;
    for (const { reject } of this.waiting.values()) reject(unavailable());
    this.waiting.clear();
  }
}

/** Of the AMQP property `timestamp`, in seconds; undefined when there is none, or it is in other units. */
function dateOf(timestamp: unknown): number | undefined {
  const seconds = typeof timestamp === 'number' ? timestamp : Number.NaN;
  return seconds > 0 && seconds <= Date.now() / 1000 + 86_400 ? seconds : undefined;
}

function encode(revocation: DatedRevocation): Buffer {
  return Buffer.from(JSON.stringify(revocation));
}

function unavailable(): RelayError {
  return new RelayError(
    'ERR_BROKER_UNAVAILABLE',
    'the broker does not answer: try again in a moment',
    'brokerUnavailable',
  );
}
