import type { Duplex } from 'node:stream';
import { type ChannelModel, connect } from 'amqplib';
import { Backoff } from '../src/util/backoff.js';
import { PublishError } from './errors.js';
import type { Settings } from './options.js';

export interface ConnectionEvents {
  readonly onUp: (model: ChannelModel) => void;
  readonly onDown: () => void;
  /** With the broker's reason while it has an alarm. */
  readonly onBlocked: (reason: string | undefined) => void;
  readonly onChange: () => void;
}

/** Milliseconds that connecting, and closing, may take; less where there is another broker to try. */
const CONNECT_MS = 10_000;
const CONNECT_ONE_OF_SEVERAL_MS = 3000;
const CLOSE_MS = 3000;

/** Handshakes that fail by themselves every time. */
const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)/;
const REFUSED = /Handshake terminated by server: 403|SASL mechanism/;
/** amqplib keeps the broker's reason to itself. It can pass by itself: a virtual host may be about to start. */
const NO_VHOST = /Expected ConnectionOpenOk; got <ConnectionClose/;

/** One connection to one of the brokers, which comes back with backoff until `close`. */
export class BrokerConnection {
  model: ChannelModel | undefined;
  /** Of the broker that is connected, `host:port`. */
  host = '';
  /** Milliseconds since the epoch. */
  since = 0;
  attempt = 0;
  /** Set while it waits for the next attempt; milliseconds since the epoch. */
  retryAt: number | undefined;
  /** Why the latest attempt failed, or the connection ended. */
  lastError: Error | undefined;
  private readonly backoff: Backoff;
  private next = 0;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly settings: Settings,
    private readonly events: ConnectionEvents,
  ) {
    this.backoff = new Backoff(settings.retry.first, settings.retry.most);
    // Services that start together do not all choose the same node of a cluster.
    this.next = Math.floor(Math.random() * settings.urls.length);
  }

  /**
   * Connects, for the first time. A broker that cannot be reached is tried again in the background.
   * @throws PublishError ERR_CONNECT when every broker refuses the connection in a way that does not pass by itself
   */
  async open(): Promise<void> {
    let hopeless = 0;
    for (const _ of this.settings.urls) {
      const error = await this.tryNext();
      if (!error) return;
      if (isPermanent(error)) hopeless += 1;
    }
    if (hopeless < this.settings.urls.length) {
      this.retry();
      return;
    }
    this.closed = true;
    const reason = this.lastError?.message ?? '';
    throw new PublishError('ERR_CONNECT', `the broker refuses the connection: ${reason}`, {
      cause: this.lastError,
    });
  }

  /** Ends the connection; it does not come back. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    const { model } = this;
    this.model = undefined;
    if (model) await closeModel(model);
  }

  private async tryNext(): Promise<Error | undefined> {
    const { urls, name, heartbeat, tls } = this.settings;
    const url = new URL(urls[this.next++ % urls.length] ?? '');
    if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(heartbeat));
    this.attempt += 1;
    this.retryAt = undefined;
    this.events.onChange();
    try {
      const model = await connect(url.href, {
        ...tls,
        // Said aloud, or NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would have us talk to anybody.
        rejectUnauthorized: true,
        clientProperties: { connection_name: name },
        timeout: urls.length > 1 ? CONNECT_ONE_OF_SEVERAL_MS : CONNECT_MS,
        keepAlive: true,
        noDelay: true,
      });
      if (this.closed) await closeModel(model);
      else this.up(model, url.host);
      return undefined;
    } catch (error) {
      this.lastError = explained(error, url);
      return this.lastError;
    }
  }

  private up(model: ChannelModel, host: string): void {
    Object.assign(this, { model, host, since: Date.now(), attempt: 0 });
    this.lastError = undefined;
    model.on('error', (error: Error) => {
      this.lastError = error;
    });
    model.on('close', (error?: Error) => {
      if (this.model !== model) return;
      this.model = undefined;
      this.lastError ??= error ?? new Error('the connection was closed');
      this.events.onDown();
      this.retry();
    });
    model.on('blocked', (reason: string) => this.events.onBlocked(reason));
    model.on('unblocked', () => this.events.onBlocked(undefined));
    this.events.onUp(model);
  }

  /** The waiting time grows until something was confirmed: a broker that takes connections and drops them is not well yet. */
  private retry(): void {
    if (this.closed) return;
    const wait = Math.ceil(this.backoff.next());
    this.retryAt = Date.now() + wait;
    this.timer = setTimeout(async () => {
      for (const _ of this.settings.urls) {
        if (this.closed || !(await this.tryNext())) return;
      }
      this.retry();
    }, wait);
    this.events.onChange();
  }

  /** Something was confirmed. */
  proven(): void {
    this.backoff.reset();
  }
}

function explained(error: unknown, { pathname }: URL): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!NO_VHOST.test(error.message)) return error;
  const vhost = decodeURIComponent(pathname.slice(1)) || '/';
  return new Error(
    `the broker has no virtual host ${JSON.stringify(vhost)}, it is down, or this user may not use it`,
    { cause: error },
  );
}

function isPermanent(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && UNTRUSTED.test(code)) || REFUSED.test(error.message);
}

/** A socket that is cut tells amqplib nothing, hence the race. */
async function closeModel(model: ChannelModel): Promise<void> {
  const { stream } = model.connection as unknown as { stream: Duplex };
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([model.close().catch(() => {}), patience]);
  clearTimeout(timer);
  stream.destroy();
}
