import { Value } from '../client/observable.js';
import { Call, type Patience, type Receipt } from './call.js';
import { Capacity } from './capacity.js';
import { BrokerConnection } from './connection.js';
import { DirectRoute } from './direct.js';
import { PublishError } from './errors.js';
import { Lanes } from './lanes.js';
import type { Message } from './message.js';
import type { Settings } from './options.js';
import { Outbox } from './outbox.js';
import type { Route } from './route.js';
import { type PublisherState, stateOf } from './state.js';
import type { OutboxStore } from './store.js';
import { StoredRoute } from './stored.js';

export interface Sending extends Patience {
  readonly until: 'accepted' | 'confirmed' | undefined;
  /** By way of the outbox, where there is one. */
  readonly keep: boolean;
}

/** Gets messages to the broker, whatever happens to it: the connection, the ways to it, and the calls that wait. */
export class Sender {
  readonly state: Value<PublisherState>;
  private readonly connection: BrokerConnection;
  private readonly lanes: Lanes;
  private readonly direct: Route;
  private readonly kept: Route | undefined;
  private readonly calls = new Set<Call>();
  private blocked: string | undefined;
  private closing: Promise<void> | undefined;
  private over = false;

  constructor(settings: Settings, store: OutboxStore | undefined) {
    this.connection = new BrokerConnection(settings, {
      onUp: (model) => {
        this.lanes.attach(model);
        this.changed();
      },
      onDown: () => {
        this.blocked = undefined;
        this.lanes.detach();
      },
      onBlocked: (reason) => {
        this.blocked = reason;
        this.lanes.block(reason !== undefined);
        this.changed();
      },
      onChange: () => this.changed(),
    });
    this.lanes = new Lanes(
      settings,
      () => this.changed(),
      () => this.connection.proven(),
    );
    this.state = new Value<PublisherState>(this.look());
    this.direct = new DirectRoute(this.lanes, new Capacity(settings.buffer, settings.whenFull));
    this.kept = store && this.openKept(store, settings);
  }

  /** What is not confirmed yet. */
  get held(): { readonly messages: number; readonly bytes: number } {
    const [direct, kept] = [this.direct.held, this.kept?.held];
    return {
      messages: direct.messages + (kept?.messages ?? 0),
      bytes: direct.bytes + (kept?.bytes ?? 0),
    };
  }

  /** The first attempt. @throws PublishError ERR_CONNECT, and everything is closed */
  async open(): Promise<void> {
    try {
      await this.connection.open();
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  send(message: Message, sending: Sending): Promise<Receipt> {
    const { until = this.kept && sending.keep ? 'accepted' : 'confirmed', signal } = sending;
    const route = (sending.keep ? this.kept : undefined) ?? this.direct;
    if (this.closing) throw new PublishError('ERR_CLOSED', 'the publisher is closed');
    if (signal?.aborted)
      throw new PublishError('ERR_ABORTED', 'the call was aborted', { cause: signal.reason });
    if (until === 'accepted' && route === this.direct) {
      throw new PublishError(
        'ERR_OPTIONS',
        'until: "accepted" needs an outbox; without, only the broker keeps anything',
      );
    }
    const call = new Call(message.properties.messageId, sending, () => this.calls.delete(call));
    this.calls.add(call);
    try {
      call.begin(route.submit(message, until, (outcome) => call.end(outcome)));
    } catch (error) {
      // Thrown by this very call; nobody waits for the promise.
      call.end(undefined);
      throw error;
    }
    return call.promise;
  }

  room(): Promise<void> {
    return (this.kept ?? this.direct).room();
  }

  async drained(): Promise<void> {
    await Promise.all([this.kept?.drained(), this.direct.drained()]);
  }

  /** @param timeout milliseconds that what is held may take */
  close(timeout: number): Promise<void> {
    this.closing ??= this.shutDown(timeout);
    return this.closing;
  }

  private async shutDown(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout);
    });
    await Promise.race([this.drained(), patience]);
    clearTimeout(timer);
    for (const call of [...this.calls]) {
      call.giveUp('ERR_CLOSED', 'the publisher was closed before the broker had confirmed the message');
    }
    this.lanes.detach();
    // Before the connection, which may take a while: what is confirmed is noted in any case.
    this.kept?.close();
    await this.connection.close();
    this.over = true;
    this.changed();
  }

  private openKept(store: OutboxStore, { outbox, whenFull, buffer, onRefused }: Settings): Route {
    const capacity = new Capacity(outbox ?? buffer, whenFull);
    const { messages, bytes, last } = store.totals();
    capacity.occupy(messages, bytes);
    this.lanes.startAfter(last);
    return new StoredRoute(this.lanes, new Outbox(store), capacity, buffer, onRefused);
  }

  private changed(): void {
    this.state.set(this.look());
  }

  private look(): PublisherState {
    const { model, host, since, attempt, retryAt, lastError } = this.connection;
    return stateOf({
      closed: this.over,
      connected: model !== undefined,
      host,
      since,
      attempt,
      retryAt,
      lastError,
      blocked: this.blocked,
      problem: this.lanes.problem,
    });
  }
}
