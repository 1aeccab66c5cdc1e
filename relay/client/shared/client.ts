import { type Deferred, deferred } from '../deferred.js';
import { RelayError } from '../errors.js';
import { guard, Value } from '../observable.js';
import { SEND_TIMEOUT_MS } from '../outbox.js';
import { randomId } from '../random.js';
import type {
  ConnectionState,
  RelayClient,
  RelayClientOptions,
  RelayMessage,
  RelaySubscription,
  SendOptions,
  SubscribeOptions,
  UnreadCounts,
  WireFrame,
} from '../types.js';
import { onAwake } from '../wake.js';
import { whenReleased } from './locks.js';
import { onPage } from './page.js';
import type { FromHub, Port, SharedOptions, ToHub } from './protocol.js';
import { told, untold } from './told.js';

/** How much longer than its own timers the worker may take, and how long DISCONNECT may, in milliseconds. */
const GRACE_MS = 5000;
const LEAVE_MS = 8000;

export type TabPort = Port<FromHub, ToHub>;

interface Taker {
  readonly destination: string;
  readonly onMessage: (message: RelayMessage) => void;
  readonly options: SubscribeOptions;
  readonly ready: Deferred<void>;
}

/** Of a call that is made again when the worker has to be told everything anew, what is to be said. */
interface Call {
  readonly done: Deferred<RelayMessage | undefined>;
  readonly message: ToHub & { readonly call: number };
}

/** A client in a tab whose connection is held by a worker, for all tabs. */
export class SharedClient implements RelayClient {
  readonly state = new Value<ConnectionState>({ status: 'idle' });
  readonly unread = new Value<UnreadCounts>({ total: 0, counts: {} }, (on) =>
    this.post({ type: 'watch', what: 'unread', on }),
  );
  private readonly frames = new Value<WireFrame | undefined>(undefined, (on) =>
    this.post({ type: 'watch', what: 'frames', on }),
  );
  private readonly takers = new Map<number, Taker>();
  private readonly calls = new Map<number, Call>();
  private ordinal = 0;
  private closed = false;
  /** Whether `connect` was called last, rather than `close`. */
  private wanted = false;
  /** Before the worker has asked who this is, it would not know what to do with anything. */
  private introduced = false;
  /** Whether anything has come from the worker. */
  heard = false;
  /** The Web Lock of the worker whose end is waited for. */
  private workerLock: string | undefined;
  private lock: string | undefined;
  private leavePage: (() => void) | undefined;

  constructor(
    private readonly options: SharedOptions,
    private readonly token: RelayClientOptions['token'],
    private port: TabPort,
    /** Gets another worker: the one that was there has died. */
    private readonly onWorkerGone: () => void = () => {},
  ) {
    this.use(port);
    this.live();
  }

  /** Goes on over another port: the worker could not be had. */
  use(port: TabPort): void {
    if (port !== this.port) {
      // It may be heard yet, and would be a second one who says what there is.
      this.port.onmessage = null;
      this.port.close();
    }
    this.port = port;
    this.introduced = false;
    this.heard = false;
    port.onmessage = ({ data }) => this.take(data);
  }

  /** Whether this is the port over which it speaks now. */
  uses(port: TabPort): boolean {
    return this.port === port;
  }

  onFrame(listener: (frame: WireFrame) => void): () => void {
    return this.frames.listen((frame) => frame && listener(frame));
  }

  async connect(): Promise<void> {
    if (this.closed) {
      this.closed = false;
      this.live();
      this.introduce();
    }
    this.wanted = true;
    await this.call({ type: 'connect', call: ++this.ordinal });
  }

  subscribe(
    destination: string,
    onMessage: (message: RelayMessage) => void,
    options: SubscribeOptions = {},
  ): RelaySubscription {
    const id = ++this.ordinal;
    const taker: Taker = { destination, onMessage, options, ready: deferred() };
    this.takers.set(id, taker);
    this.subscribeAgain(id, taker);
    return {
      ready: taker.ready.promise,
      unsubscribe: () => {
        if (!this.takers.delete(id)) return;
        taker.ready.reject(new RelayError('ERR_UNSUBSCRIBED', `${destination} was unsubscribed`));
        this.post({ type: 'unsubscribe', id });
      },
    };
  }

  async send(destination: string, body: string, options: SendOptions = {}): Promise<void> {
    const call = ++this.ordinal;
    await this.call({ type: 'send', call, destination, body, options: named(options) }, limit(options));
  }

  async request(destination: string, body: string, options: SendOptions = {}): Promise<RelayMessage> {
    const call = ++this.ordinal;
    const answer = await this.call(
      { type: 'request', call, destination, body, options: named(options) },
      limit(options),
    );
    if (!answer) throw new RelayError('ERR_CLOSED', 'the worker gave no answer');
    return answer;
  }

  async refresh(): Promise<void> {
    await this.call({ type: 'refresh', call: ++this.ordinal });
  }

  dropConnection(): void {
    this.post({ type: 'drop' });
  }

  /** Ends this tab's part; the connection ends with the last tab's. */
  async close(): Promise<void> {
    if (this.closed) return;
    const left = this.introduced && this.call({ type: 'close', call: ++this.ordinal }, LEAVE_MS);
    this.closed = true;
    this.wanted = false;
    this.leavePage?.();
    // It is released: named again after the next connect(), the worker would get it and take this tab for gone.
    this.lock = undefined;
    this.state.set({ status: 'closed' });
    this.unread.set({ total: 0, counts: {} });
    const error = new RelayError('ERR_CLOSED', 'the client was closed');
    for (const [call, { done, message }] of this.calls) {
      if (message.type === 'close') continue;
      this.calls.delete(call);
      done.reject(error);
    }
    // A worker that is gone has nothing of this tab any more, either.
    await (left || undefined)?.catch(() => {});
  }

  private take(message: FromHub): void {
    this.heard = true;
    switch (message.type) {
      case 'who':
        this.introduced = true;
        if (message.lock !== undefined) this.outlive(message.lock);
        this.introduce();
        break;
      case 'ping':
        this.post({ type: 'pong' });
        break;
      case 'token':
        void this.bringToken(message.ask, message.stale);
        break;
      case 'done': {
        const call = this.calls.get(message.call);
        this.calls.delete(message.call);
        if (message.error) call?.done.reject(untold(message.error));
        else call?.done.resolve(message.message);
        break;
      }
      default:
        if (!this.closed) this.show(message);
    }
  }

  /** A worker that was killed, or ran out of memory, tells nobody: its lock does. */
  private outlive(lock: string): void {
    if (this.workerLock === lock) return;
    this.workerLock = lock;
    whenReleased(lock, () => {
      if (this.workerLock !== lock) return;
      this.introduced = false;
      if (this.wanted) this.state.set({ status: 'connecting', attempt: 1 });
      this.onWorkerGone();
    });
  }

  private show(message: FromHub): void {
    if (message.type === 'state') this.state.set(message.state);
    else if (message.type === 'unread') this.unread.set(message.counts);
    else if (message.type === 'frame') this.frames.tell(message.frame);
    else if (message.type === 'message') {
      const taker = this.takers.get(message.id);
      if (taker) guard(taker.onMessage, message.message);
    } else if (message.type === 'ready') {
      const taker = this.takers.get(message.id);
      if (message.error) {
        this.takers.delete(message.id);
        taker?.ready.reject(untold(message.error));
      } else taker?.ready.resolve();
    } else if (message.type === 'ended') {
      const onEnded = this.takers.get(message.id)?.options.onEnded;
      this.takers.delete(message.id);
      if (onEnded) guard(onEnded, untold(message.error));
    }
  }

  /** Tells the worker who this is and all that it wants. */
  private introduce(): void {
    if (this.closed) return;
    this.post({ type: 'hello', options: this.options });
    if (this.lock !== undefined) this.post({ type: 'lock', name: this.lock });
    for (const [id, taker] of this.takers) this.subscribeAgain(id, taker);
    if (this.unread.watched) this.post({ type: 'watch', what: 'unread', on: true });
    if (this.frames.watched) this.post({ type: 'watch', what: 'frames', on: true });
    let connecting = false;
    for (const { message } of this.calls.values()) {
      connecting ||= message.type === 'connect';
      this.post(message);
    }
    if (this.wanted && !connecting) this.call({ type: 'connect', call: ++this.ordinal }).catch(() => {});
  }

  private subscribeAgain(id: number, { destination, options: { unread, headers } }: Taker): void {
    const options = { ...(unread && { unread }), ...(headers && { headers }) };
    this.post({ type: 'subscribe', id, destination, options });
  }

  private async bringToken(ask: number, stale: string | undefined): Promise<void> {
    try {
      const token = await (stale === undefined ? this.token() : this.token(stale));
      this.post({ type: 'token', ask, token });
    } catch (error) {
      this.post({ type: 'token', ask, error: told(error) });
    }
  }

  /** @param most after so many milliseconds the worker is taken for gone */
  private call(message: ToHub & { readonly call: number }, most?: number): Promise<RelayMessage | undefined> {
    if (this.closed) return Promise.reject(new RelayError('ERR_CLOSED', 'the client was closed'));
    const done = deferred<RelayMessage | undefined>();
    this.calls.set(message.call, { done, message });
    this.post(message);
    if (most === undefined) return done.promise;
    const timer = setTimeout(() => {
      this.calls.delete(message.call);
      done.reject(new RelayError('ERR_TIMEOUT', 'the worker that holds the connection does not answer'));
    }, most);
    return done.promise.finally(() => clearTimeout(timer));
  }

  /** Lets the worker see whether this tab is alive. */
  private live(): void {
    const stopWaking = onAwake(() => this.post({ type: 'wake' }));
    const stopPage = onPage(`stomp-relay-${randomId()}`, {
      locked: (name) => {
        this.lock = name;
        this.post({ type: 'lock', name });
      },
      hidden: () => this.post({ type: 'bye' }),
      shown: () => this.introduce(),
    });
    this.leavePage = () => {
      stopWaking();
      stopPage();
    };
  }

  private post(message: ToHub): void {
    if (this.introduced) this.port.postMessage(message);
  }
}

/** The worker has timers of its own: this is for one that is gone. */
function limit({ timeout = SEND_TIMEOUT_MS }: SendOptions): number {
  return timeout + GRACE_MS;
}

/** With the id by which receivers know it, also when it is handed to the worker a second time. */
function named(options: SendOptions): SendOptions {
  return { ...options, headers: { 'amqp-message-id': randomId(), ...options.headers } };
}
