import { advise } from './advice.js';
import { backoff, retryAfter } from './backoff.js';
import { type Deferred, deferred } from './deferred.js';
import { messageOf, RelayError, TokenRefused } from './errors.js';
import { HttpRefused } from './http.js';
import { Link, type LinkEnd } from './link.js';
import { Value } from './observable.js';
import type { Tokens } from './tokens.js';
import { OPEN_MS, type Opening, type Transports } from './transports.js';
import type { ConnectionState } from './types.js';
import { onAwake, Pause } from './wake.js';
import { type Tap, Wire } from './wire.js';

/** A connection that lasted this long, in milliseconds, was a good one: the next begins with a short wait again. */
const GOOD_MS = 10_000;

/** What lives longer than one connection. */
export interface Parts {
  up(link: Link): void;
  /** An ERROR names this receipt. True when it was the fault of one frame, which will not be sent again. */
  refused(receipt: string, error: RelayError): boolean;
  down(): void;
  /** It will not come back by itself. */
  over(error: RelayError): void;
}

/** What comes after an attempt or a connection. */
type Next =
  | { readonly stop: string; readonly code?: number | undefined }
  | {
      readonly wait: number;
      readonly told: boolean;
      readonly reason: string;
      readonly code?: number | undefined;
    };

/** Connects, and comes back by itself, obeying the close codes. */
export class Connection {
  readonly state = new Value<ConnectionState>({ status: 'idle' });
  private readonly pause = new Pause();
  /** Counts `connect` and the ends: whoever waits for something looks whether it is still its turn. */
  private turn = 0;
  private running = false;
  private attempt = 0;
  private refusals = 0;
  private link: Link | undefined;
  private waiters: Deferred<void>[] = [];
  private unlisten: (() => void) | undefined;

  constructor(
    private readonly tokens: Tokens,
    private readonly transports: Transports,
    private readonly tap: Tap,
    private readonly heartbeat: number,
    private readonly parts: Parts,
  ) {}

  connect(): Promise<void> {
    if (this.state.value.status === 'connected') return Promise.resolve();
    const waiter = deferred();
    this.waiters.push(waiter);
    if (this.running) this.wake();
    else {
      this.running = true;
      this.attempt = 0;
      this.refusals = 0;
      this.unlisten = onAwake(() => this.wake());
      void this.run(++this.turn);
    }
    return waiter.promise;
  }

  /** Cuts a wait short, unless the relay asked for it. */
  wake(): void {
    this.pause.wake();
  }

  drop(): void {
    this.attempt = 0;
    this.link?.drop();
  }

  async close(): Promise<void> {
    const { link } = this;
    const wasRunning = this.running;
    const left = link?.isOpen ? link.leave() : link?.drop();
    this.link = undefined;
    this.end({ status: 'closed' }, new RelayError('ERR_CLOSED', 'the client was closed'));
    if (wasRunning) this.parts.down();
    await left;
  }

  /** Ends for good, as after a close code that says so. */
  stop(reason: string, code?: number): void {
    const { link } = this;
    this.link = undefined;
    this.end({ status: 'stopped', reason, code }, new RelayError('ERR_STOPPED', reason));
    if (!link) return;
    this.parts.down();
    void link.leave();
  }

  private end(state: ConnectionState, error: RelayError): void {
    this.turn++;
    this.running = false;
    this.unlisten?.();
    this.pause.end();
    this.state.set(state);
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
    this.parts.over(error);
  }

  private async run(turn: number): Promise<void> {
    while (turn === this.turn) {
      this.state.set({ status: 'connecting', attempt: ++this.attempt });
      const next = await this.once(turn);
      if (turn !== this.turn) return;
      if ('stop' in next) {
        this.stop(next.stop, next.code);
        return;
      }
      const { wait, reason, code } = next;
      this.attempt = Math.max(1, this.attempt);
      const retryAt = Math.ceil(Date.now() + wait);
      this.state.set({ status: 'waiting', attempt: this.attempt, retryAt, reason, code });
      await this.pause.wait(wait, next.told);
    }
  }

  /** One connection from its beginning to its end. */
  private async once(turn: number): Promise<Next> {
    let opening: Opening;
    try {
      const token = await this.tokens.get();
      if (turn !== this.turn) return { stop: '' };
      opening = await this.transports.open(token);
    } catch (error) {
      return this.afterFailure(error);
    }
    const end = deferred<LinkEnd>();
    const wire = new Wire(opening.socket, this.tap);
    let connectedAt = 0;
    let slow = false;
    const link = new Link(wire, {
      connectHeaders: opening.connectHeaders,
      heartbeat: this.heartbeat,
      onConnected: (headers) => {
        if (turn !== this.turn) return;
        connectedAt = Date.now();
        this.connected(link, opening, headers);
      },
      onEnd: end.resolve,
    });
    if (turn !== this.turn) link.drop();
    else this.link = link;
    const tooSlow = setTimeout(() => {
      if (wire.opened || opening.kind === 'sockjs' || !this.transports.canFallBack) return;
      slow = true;
      link.drop();
    }, OPEN_MS);
    const ended = await end.promise;
    clearTimeout(tooSlow);
    const heard = connectedAt > 0 || ended.error !== undefined || ended.code >= 4400;
    this.transports.ended(opening.kind, heard, slow);
    if (turn !== this.turn) return { stop: '' };
    this.link = undefined;
    if (connectedAt > 0 && Date.now() - connectedAt > GOOD_MS) this.attempt = 0;
    const next = this.afterEnd(ended);
    if (connectedAt > 0) this.parts.down();
    return next;
  }

  private connected(link: Link, opening: Opening, headers: Readonly<Record<string, string>>): void {
    this.refusals = 0;
    this.state.set({
      status: 'connected',
      user: decoded(headers['user-name'] ?? ''),
      session: headers.session ?? '',
      node: headers['relay-node'],
      version: headers.version ?? '',
      transport: opening.kind,
      since: Date.now(),
    });
    this.parts.up(link);
    for (const waiter of this.waiters.splice(0)) waiter.resolve();
  }

  private afterFailure(error: unknown): Next {
    if (error instanceof TokenRefused) return { stop: error.message };
    if (error instanceof HttpRefused) {
      if (error.status === 401) return this.refusedToken(error.message);
      if (error.retryAfter > 0) return { wait: error.retryAfter, told: true, reason: error.message };
    }
    return this.again(messageOf(error));
  }

  private afterEnd({ code, reason, error }: LinkEnd): Next {
    const told = error?.headers.message ?? reason;
    const why = told === '' ? `the connection was lost (${code})` : told;
    const receipt = error?.headers['receipt-id'];
    const advice = advise(code);
    if (advice === 'new-token') return this.refusedToken(why, code);
    // Nobody has asked for 1000: it comes from something in between.
    if (advice === 'stop' && code !== 1000) {
      const fault = new RelayError(error?.headers.code ?? 'ERR_REFUSED', why);
      if (receipt === undefined || !this.parts.refused(receipt, fault)) return { stop: why, code };
      this.attempt = 0;
    }
    const wait = retryAfter(error?.headers['retry-after']);
    return wait > 0 ? { wait, told: true, reason: why, code } : this.again(why, code);
  }

  private refusedToken(reason: string, code?: number): Next {
    this.tokens.refuse();
    return ++this.refusals > 1 ? { stop: reason, code } : this.again(reason, code);
  }

  private again(reason: string, code?: number): Next {
    return { wait: backoff(Math.max(1, this.attempt)), told: false, reason, code };
  }
}

/** The relay encodes the name; a name that it did not encode is shown as it is. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
