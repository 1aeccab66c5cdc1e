import type { Duplex } from 'node:stream';
import { type ChannelModel, connect } from 'amqplib';
import type { Logger } from '../logger.js';
import { Backoff } from '../util/backoff.js';
import { type BrokerTls, tlsFault } from './tls.js';

/** How long the broker may take to close a connection before the socket is cut, in milliseconds. */
const CLOSE_MS = 5000;

/** Runs on every new connection, before anyone else may use it. Rejecting makes the connection start over. */
export type Preparation = (connection: ChannelModel) => Promise<void>;

/**
 * The relay's one AMQP connection, kept up until `close()`: it comes back with backoff and runs its
 * preparations (topology, bindings) again each time.
 */
export class AmqpConnection {
  private readonly preparations: Preparation[] = [];
  private readonly backoff = new Backoff();
  private model: ChannelModel | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** How often it has come up. */
  connects = 0;
  /** Why the connection is down; undefined while it is up. */
  lastError: Error | undefined = new Error('not connected yet');
  /** True when TLS is set up wrong: trying again does not help. */
  refused = false;

  constructor(
    private readonly url: string,
    private readonly log: Logger,
    private readonly name: string,
    /** For an `amqps:` URL. */
    private readonly tls?: BrokerTls,
  ) {}

  get up(): boolean {
    return this.model !== undefined;
  }

  onConnect(preparation: Preparation): void {
    this.preparations.push(preparation);
  }

  /** Starts connecting; resolves after the first attempt, whether it worked or not (see `up`, `lastError`). */
  async open(): Promise<void> {
    if (this.closed) return;
    let model: ChannelModel | undefined;
    try {
      model = await connect(withHeartbeat(this.url), {
        clientProperties: { connection_name: this.name },
        timeout: 10_000,
        // A bind is a small frame that somebody waits for.
        noDelay: true,
        ...this.tls,
      });
      const opened = model;
      opened.on('error', (error: Error) => {
        this.lastError = error;
      });
      let ended = false;
      opened.on('close', () => {
        ended = true;
        this.lost(opened);
      });
      for (const prepare of this.preparations) await prepare(opened);
      if (ended) throw new Error('the connection was closed while it was prepared');
      if (this.closed) {
        await opened.close().catch(() => {});
        return;
      }
      this.model = opened;
      this.connects++;
      this.lastError = undefined;
      this.refused = false;
      this.backoff.reset();
      this.log.info('amqp connection up');
    } catch (error) {
      const fault = error instanceof Error ? tlsFault(error) : undefined;
      this.refused = fault?.permanent ?? false;
      this.lastError = fault ? new Error(fault.message, { cause: error }) : asError(error);
      if (model) discard(model);
      this.retry();
    }
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
    this.timer = setTimeout(() => void this.open(), this.backoff.next());
  }
}

/**
 * Closes a connection that nobody needs any more, and whose end nobody waits for: a broker with a stuck channel, such as one
 * that reads a quorum queue without a leader, takes over a minute to answer.
 */
function discard(model: ChannelModel): void {
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
