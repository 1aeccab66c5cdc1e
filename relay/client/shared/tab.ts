import { type Deferred, deferred } from '../deferred.js';
import { messageOf, RelayError } from '../errors.js';
import type { RelaySubscription } from '../types.js';
import type { HubPort } from './hub.js';
import { whenReleased } from './locks.js';
import type { FromHub, SharedOptions, ToHub } from './protocol.js';
import type { Room } from './room.js';
import { told, untold } from './told.js';

/** Questions in vain after which a tab is gone. */
const PATIENCE = 3;

/** One tab as the worker sees it: carries out what it asks, and forgets all of it when the tab has gone. */
export class Tab {
  private room: Room | undefined;
  private readonly subscriptions = new Map<number, RelaySubscription>();
  private readonly watches = new Map<string, () => void>();
  private readonly asks = new Map<number, Deferred<string>>();
  private stopState: (() => void) | undefined;
  private asked = 0;
  private greeted = false;
  /** The Web Lock that the tab holds at present. */
  private lock: string | undefined;
  /** Pings since it was last heard. */
  private unheard = 0;
  private pinging: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly port: HubPort,
    private readonly pingInterval: number,
    /** The Web Lock that the worker holds for as long as it lives. */
    private readonly hubLock: string | undefined,
    private readonly roomFor: (options: SharedOptions) => Room,
  ) {}

  /** Has the tab say who it is: what it says before that is for nobody. */
  greet(): void {
    if (this.greeted) return;
    this.greeted = true;
    this.post({ type: 'who', lock: this.hubLock });
  }

  take(message: ToHub): void {
    this.unheard = 0;
    if (message.type === 'hello') this.join(message.options);
    else if (message.type === 'lock') this.trust(message.name);
    else if (message.type === 'token') this.answer(message);
    else if (this.room) this.act(message, this.room);
    else if (message.type !== 'bye' && message.type !== 'close') this.greet();
    else if (message.type === 'close') this.post({ type: 'done', call: message.call });
  }

  askToken(stale: string | undefined): Promise<string> {
    const ask = ++this.asked;
    const answer = deferred<string>();
    this.asks.set(ask, answer);
    this.post({ type: 'token', ask, stale });
    return answer.promise;
  }

  private join(options: SharedOptions): void {
    void this.leave();
    this.greeted = false;
    const room = this.roomFor(options);
    this.room = room;
    room.join(this);
    this.stopState = room.client.state.subscribe((state) => this.post({ type: 'state', state }));
    this.pinging = setInterval(() => this.ping(), this.pingInterval);
  }

  private act(message: ToHub, room: Room): void {
    const { client } = room;
    switch (message.type) {
      case 'connect':
        this.settle(message.call, client.connect());
        break;
      case 'refresh':
        this.settle(message.call, client.refresh());
        break;
      case 'send':
        this.settle(message.call, client.send(message.destination, message.body, message.options));
        break;
      case 'request':
        client.request(message.destination, message.body, message.options).then(
          (answer) => this.post({ type: 'done', call: message.call, message: answer }),
          (error: unknown) => this.fail(message.call, error),
        );
        break;
      case 'close':
        this.settle(message.call, this.leave());
        break;
      case 'bye':
        void this.leave();
        break;
      case 'drop':
        client.dropConnection();
        break;
      case 'wake':
        client.wake();
        break;
      case 'watch':
        this.watch(message.what, message.on, room);
        break;
      case 'subscribe':
        this.subscribe(message, room);
        break;
      case 'unsubscribe':
        this.subscriptions.get(message.id)?.unsubscribe();
        this.subscriptions.delete(message.id);
        break;
    }
  }

  private subscribe(message: ToHub & { type: 'subscribe' }, { client }: Room): void {
    const { id, destination, options } = message;
    try {
      const subscription = client.subscribe(
        destination,
        (received) => this.post({ type: 'message', id, message: received }),
        {
          ...options,
          onEnded: (error) => this.post({ type: 'ended', id, error: told(error) }),
        },
      );
      this.subscriptions.set(id, subscription);
      subscription.ready.then(
        () => this.post({ type: 'ready', id }),
        (error: unknown) => this.post({ type: 'ready', id, error: told(error) }),
      );
    } catch (error) {
      this.post({ type: 'ready', id, error: told(error) });
    }
  }

  private watch(what: 'unread' | 'frames', on: boolean, { client }: Room): void {
    this.watches.get(what)?.();
    this.watches.delete(what);
    if (!on) return;
    this.watches.set(
      what,
      what === 'unread'
        ? client.unread.subscribe((counts) => this.post({ type: 'unread', counts }))
        : client.onFrame((frame) => this.post({ type: 'frame', frame })),
    );
  }

  private answer({ ask, token, error }: ToHub & { type: 'token' }): void {
    const answer = this.asks.get(ask);
    this.asks.delete(ask);
    if (token !== undefined) answer?.resolve(token);
    else answer?.reject(error ? untold(error) : new Error('no token'));
  }

  /** The tab holds a lock for as long as it lives: getting it means that the tab has gone, however it went. */
  private trust(name: string): void {
    const told = whenReleased(name, () => {
      // A tab that came back has another one: the end of the lock before says nothing of it.
      if (this.lock === name) void this.leave();
    });
    if (!told) return;
    clearInterval(this.pinging);
    this.lock = name;
  }

  private ping(): void {
    if (++this.unheard > PATIENCE) void this.leave();
    else this.post({ type: 'ping' });
  }

  /** Resolves when nothing of the tab is left. What it says later makes it introduce itself again. */
  private async leave(): Promise<void> {
    const { room } = this;
    this.room = undefined;
    this.lock = undefined;
    clearInterval(this.pinging);
    this.stopState?.();
    for (const stop of this.watches.values()) stop();
    this.watches.clear();
    for (const subscription of this.subscriptions.values()) subscription.unsubscribe();
    this.subscriptions.clear();
    for (const ask of this.asks.values()) ask.reject(new RelayError('ERR_CLOSED', 'the tab has gone'));
    this.asks.clear();
    await room?.leave(this);
  }

  private settle(call: number, work: Promise<unknown>): void {
    work.then(
      () => this.post({ type: 'done', call }),
      (error: unknown) => this.fail(call, error),
    );
  }

  private fail(call: number, error: unknown): void {
    this.post({ type: 'done', call, error: told(error) });
  }

  private post(message: FromHub): void {
    try {
      this.port.postMessage(message);
    } catch (error) {
      // A port whose tab has gone swallows what it is told; anything else is a mistake to be seen.
      console.error(messageOf(error));
    }
  }
}
