import type { Duplex } from 'node:stream';
import { type ChannelModel, connect } from 'amqplib';
import type { Logger } from '../logger.js';
import { Rotation } from '../util/rotation.js';
import { withTimeout } from '../util/timeout.js';
import { type BrokerTls, tlsFault } from './tls.js';

/** How long connecting may take, in milliseconds: less where there is another broker to try. */
const CONNECT_MS = 10_000;
const CONNECT_ONE_OF_SEVERAL_MS = 3000;
/** How long the broker may take to close a connection before the socket is cut, in milliseconds. */
const CLOSE_MS = 5000;

/** For preparations that need no more than a broker that works: how long one of them may take, in milliseconds. */
export const WORKS_WITHIN_MS = 10_000;

/** Runs on every new connection, before anyone else may use it. Rejecting makes the connection start over. */
export type Preparation = (connection: ChannelModel) => Promise<void>;

/**
 * One AMQP connection of the relay, kept up until `close()`: it comes back, with backoff once every broker was tried, and runs
 * its preparations (topology, bindings) again each time.
 */
export class AmqpConnection {
  private readonly preparations: { prepare: Preparation; within: number | undefined }[] = [];
  private readonly brokers: Rotation;
  private model: ChannelModel | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** How often it has come up. */
  connects = 0;
  /** Why the connection is down; undefined while it is up. */
  lastError: Error | undefined = new Error('not connected yet');

  constructor(
    /** Of one broker, or of several that are one cluster: the first is tried first. */
    urls: string | readonly string[],
    private readonly log: Logger,
    private readonly name: string,
    /** For an `amqps:` URL. */
    private readonly tls?: BrokerTls,
  ) {
    this.brokers = new Rotation(urls);
  }

  /** True when TLS is set up wrong, with every broker: trying again does not help. */
  get refused(): boolean {
    return this.brokers.refused;
  }

  get up(): boolean {
    return this.model !== undefined;
  }

  /**
   * @param within milliseconds after which the preparation counts as failed: a broker that is cut off from the majority of its
   *   cluster answers, and never does what is asked of it. Default: it takes as long as it takes.
   */
  onConnect(prepare: Preparation, within?: number): void {
    this.preparations.push({ prepare, within });
  }

  /** Starts connecting; resolves after the first attempt, whether it worked or not (see `up`, `lastError`). */
  async open(): Promise<void> {
    if (this.closed) return;
    let model: ChannelModel | undefined;
    try {
      model = await this.connect();
      const opened = model;
      opened.on('error', (error: Error) => {
        this.lastError = error;
      });
      let ended = false;
      opened.on('close', () => {
        ended = true;
        this.lost(opened);
      });
      for (const { prepare, within } of this.preparations) {
        const work = prepare(opened);
        await (within === undefined ? work : withTimeout(work, within, 'preparing the connection'));
      }
      if (ended) throw new Error('the connection was closed while it was prepared');
      if (this.closed) {
        await opened.close().catch(() => {});
        return;
      }
      this.model = opened;
      this.connects++;
      this.lastError = undefined;
      this.brokers.refuse(false);
      this.brokers.worked();
      this.log.info('amqp connection up');
    } catch (error) {
      const fault = error instanceof Error ? tlsFault(error) : undefined;
      this.brokers.refuse(fault?.permanent ?? false);
      this.lastError = fault ? new Error(fault.message, { cause: error }) : asError(error);
      if (model) discard(model);
      this.retry();
    }
  }

  /**
   * One more connection to the broker that is in use, for what it may end of. It does not come back; `discard` ends it.
   * @throws Error when there is none in a moment.
   */
  async another(): Promise<ChannelModel> {
    const model = await this.connect();
    // Told to whoever waits for something over it.
    model.on('error', () => {});
    return model;
  }

  /** Drops a connection that turned out to be unusable, so that it is made and prepared anew. */
  reset(reason: Error): void {
    this.lastError = reason;
    const model = this.model;
    if (!model) return;
    this.lost(model);
    discard(model);
  }

  /** Does something with the connection as it is now. */
  async use<T>(action: (connection: ChannelModel) => Promise<T>): Promise<T> {
    if (!this.model) throw new Error('the AMQP connection is down');
    return action(this.model);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    const model = this.model;
    this.model = undefined;
    await model?.close().catch(() => {});
  }

  private connect(): Promise<ChannelModel> {
    return connect(withHeartbeat(this.brokers.current), {
      clientProperties: { connection_name: this.name },
      timeout: this.brokers.several ? CONNECT_ONE_OF_SEVERAL_MS : CONNECT_MS,
      // A bind is a small frame that somebody waits for.
      noDelay: true,
      ...this.tls,
    });
  }

  private lost(model: ChannelModel): void {
    if (this.model !== model) return;
    this.model = undefined;
    this.lastError ??= new Error('the connection was closed');
    this.log.warn({ error: this.lastError.message }, 'amqp connection lost');
    this.retry();
  }

  private retry(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.open(), this.brokers.next());
  }
}

/**
 * Closes a connection that nobody needs any more, and whose end nobody waits for: a broker with a stuck channel, such as one
 * that reads a quorum queue without a leader, takes over a minute to answer.
 */
export function discard(model: ChannelModel): void {
  const { stream } = model.connection as unknown as { stream: Duplex };
  const cut = setTimeout(() => stream.destroy(), CLOSE_MS);
  model
    .close()
    .catch(() => {})
    .finally(() => clearTimeout(cut));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', '10');
  return parsed.href;
}
