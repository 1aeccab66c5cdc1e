import { Connection } from './connection.js';
import { Counts } from './counts.js';
import { RelayError } from './errors.js';
import { ask, HttpRefused } from './http.js';
import type { Link } from './link.js';
import type { MailSource, Page } from './mailbox.js';
import { Value } from './observable.js';
import { Outbox } from './outbox.js';
import { Refresh } from './refresh.js';
import { Requests } from './requests.js';
import { Subscriptions } from './subscriptions.js';
import { Tokens } from './tokens.js';
import { type TransportOptions, Transports } from './transports.js';
import type {
  RelayClient,
  RelayMessage,
  RelaySubscription,
  SendOptions,
  SubscribeOptions,
  WireFrame,
} from './types.js';

const BADGE = '/user/relay.unread';
const NOTICES = '/user/relay.session';
const HEARTBEAT_MS = 10_000;
const PAGE = 100;

/** The parts of a client and what they have to do with each other. */
export class DirectClient implements RelayClient, MailSource {
  private readonly tap = new Value<WireFrame | undefined>(undefined);
  private readonly counts = new Counts((watched) => {
    if (watched) this.watchBadge();
  });
  private readonly tokens: Tokens;
  private readonly transports: Transports;
  private readonly subscriptions = new Subscriptions(this, () => this.watchBadge());
  private readonly outbox = new Outbox();
  private readonly requests = new Requests(this.outbox, this.subscriptions);
  private readonly refreshing: Refresh;
  private readonly connection: Connection;
  private badge: RelaySubscription | undefined;

  constructor(options: TransportOptions) {
    this.tokens = new Tokens(options.token);
    this.transports = new Transports(options);
    this.refreshing = new Refresh(
      this.tokens,
      (ids) =>
        this.subscriptions.ended(ids, new RelayError('ERR_FORBIDDEN', 'the new token does not allow it')),
      (error) => this.connection.stop(error.message),
    );
    const { heartbeat = HEARTBEAT_MS } = options;
    this.connection = new Connection(this.tokens, this.transports, this.tap, heartbeat, {
      up: (link) => this.up(link),
      refused: (receipt, error) =>
        this.subscriptions.refused(receipt, error) || this.outbox.refused(receipt, error),
      down: () => {
        for (const part of [this.subscriptions, this.outbox, this.refreshing]) part.down();
      },
      over: (error) => {
        this.subscriptions.over();
        this.counts.reset();
        if (error.code === 'ERR_CLOSED') this.outbox.close(error);
      },
    });
    this.subscriptions.add(
      NOTICES,
      ({ body }) => this.notice(body),
      {},
      () => {},
    );
  }

  get state() {
    return this.connection.state;
  }

  get unread() {
    return this.counts.value;
  }

  onFrame(listener: (frame: WireFrame) => void): () => void {
    return this.tap.listen((frame) => frame && listener(frame));
  }

  connect(): Promise<void> {
    return this.connection.connect();
  }

  subscribe(
    destination: string,
    onMessage: (message: RelayMessage) => void,
    options?: SubscribeOptions,
  ): RelaySubscription {
    return this.subscriptions.add(destination, onMessage, options);
  }

  send(destination: string, body: string, options?: SendOptions): Promise<void> {
    return this.outbox.send(destination, body, options);
  }

  request(destination: string, body: string, options?: SendOptions): Promise<RelayMessage> {
    return this.requests.request(destination, body, options);
  }

  refresh(): Promise<void> {
    return this.refreshing.refresh();
  }

  dropConnection(): void {
    this.connection.drop();
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** There is reason to believe that trying now is better than waiting. */
  wake(): void {
    this.connection.wake();
  }

  pull(destination: string, settled: boolean): Promise<Page> {
    return this.ask<Page>('POST', '/api/unread/pull', {
      destination,
      limit: PAGE,
      ...(settled ? { settled } : {}),
    });
  }

  async acknowledge(lease: string): Promise<void> {
    await this.ask('POST', '/api/unread/ack', { lease });
  }

  private up(link: Link): void {
    // Subscriptions first: what is sent behind them is answered to them.
    this.subscriptions.up(link);
    this.outbox.up(link);
    this.refreshing.up(link);
  }

  /** From the first listener or mailbox on, for good: it is one small subscription. */
  private watchBadge(): void {
    if (!this.badge) {
      const take = ({ body }: RelayMessage) => {
        const { destination, count } = JSON.parse(body) as { destination: string; count: number };
        this.counts.change(destination, count);
        this.subscriptions.count(destination, count);
      };
      this.badge = this.subscriptions.add(BADGE, take, {}, () => this.countAll());
      return;
    }
    this.countAll();
  }

  /** The badge says what has changed; what has become 0 while nobody was told, it does not. */
  private countAll(): void {
    if (!this.unread.watched || this.state.value.status !== 'connected') return;
    void this.counts.begin(
      async () => (await this.ask<{ counts: Record<string, number> }>('GET', '/api/unread')).counts,
    );
  }

  private notice(body: string): void {
    const { type, expiresIn = 0 } = JSON.parse(body) as { type: string; expiresIn?: number };
    if (type === 'token-expiring') this.refreshing.expiring(expiresIn * 1000);
  }

  /** With the present token, or the next where that has ended meanwhile. */
  private async ask<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const url = this.transports.base + path;
    const token = await this.tokens.get();
    try {
      return await ask<T>(method, url, token, body);
    } catch (error) {
      if (!(error instanceof HttpRefused) || error.status !== 401) throw error;
      const { value } = this.tokens;
      return ask<T>(
        method,
        url,
        value === undefined || value === token ? await this.tokens.renew() : value,
        body,
      );
    }
  }
}
