import type { Bindings } from '../broker/bindings.js';
import type { UserMessage } from '../broker/node-queue.js';
import type { Logger } from '../logger.js';
import { OutboundMessage } from '../outbound/message.js';
import type { Traced, Tracing } from '../tracing.js';
import { Delivery, type Settler } from './delivery.js';
import { Relief } from './relief.js';
import { Route, type UserTaker } from './route.js';

/**
 * How long what was refused may be on its way out of the node queue, in milliseconds: a broker that was without a majority tries
 * for minutes.
 */
const LEAVING_MS = 5 * 60_000;

/**
 * The `/user/…` side of the hub: which client of this relay takes what comes out of the node queue, and one binding
 * for every user and destination that is subscribed to here.
 */
export class UserHub implements Settler {
  private readonly routes = new Map<string, Route>();
  private readonly relief = new Relief();
  private sequence = 0;
  private draining = false;
  private lastRefusal = 0;
  /** Spans of messages that are on their way, by token. */
  private readonly spans = new Map<number, Traced>();
  /** Messages that were handed to clients and are neither confirmed nor given up. */
  unconfirmed = 0;

  constructor(
    private readonly node: string,
    private readonly bindings: Bindings,
    private readonly queue: Settler,
    private readonly log: Logger,
    private readonly onUndeliverable: () => void,
    private readonly onConfirmed: (delivery: Delivery) => void = () => {},
    private readonly tracing?: Tracing | undefined,
  ) {}

  /** True when messages were given up lately, which may be in the queue still, where no count shows them. */
  get refusedLately(): boolean {
    return Date.now() - this.lastRefusal < LEAVING_MS;
  }

  get routeCount(): number {
    return this.routes.size;
  }

  /** Stops taking new messages for clients: what still arrives becomes unread. */
  drain(): void {
    this.draining = true;
  }

  /** Resolves when the binding is confirmed: no message after that can be missed. */
  subscribe(key: string, taker: UserTaker): Promise<void> {
    let route = this.routes.get(key);
    if (route) route.takers.push(taker);
    else {
      route = new Route(key, this, [taker]);
      this.routes.set(key, route);
    }
    return this.bindings.add(key);
  }

  unsubscribe(key: string, taker: UserTaker): void {
    const takers = this.routes.get(key)?.takers;
    const at = takers?.indexOf(taker) ?? -1;
    if (!takers || at < 0) return;
    takers.splice(at, 1);
    if (takers.length === 0) this.routes.delete(key);
    this.bindings.remove(key);
  }

  /** Called a few times a second. @param prefetch RELAY_USER_PREFETCH */
  relieve(prefetch: number): void {
    this.relief.look(this.routes.values(), prefetch, () => this.unconfirmed);
  }

  ack(token: number, delivery: Delivery): void {
    this.unconfirmed--;
    if (this.tracing) this.endSpan(token);
    this.onConfirmed(delivery);
    this.queue.ack(token, delivery);
  }

  refuse(token: number): void {
    this.unconfirmed--;
    if (this.tracing) this.endSpan(token, 'unread');
    this.giveUp(token);
  }

  private endSpan(token: number, error?: string): void {
    this.spans.get(token)?.end(error);
    this.spans.delete(token);
  }

  /** Hands a message of the node queue to whoever takes it here. */
  receive({ key, headers, body, token }: UserMessage): void {
    const route = this.draining ? undefined : this.routes.get(key);
    if (!route) {
      this.giveUp(token);
      return;
    }
    const { takers } = route;
    route.held++;
    this.unconfirmed++;
    const traced = this.tracing?.deliver(headers, {
      destination: 'relay.user',
      routingKey: key,
      bytes: body.length,
    });
    if (traced) this.spans.set(token, traced);
    const outbound = new OutboundMessage(traced?.headers ?? headers, body, `${this.node}-${++this.sequence}`);
    const { publishedAt } = outbound;
    const delivery = new Delivery(route, token, takers.length, performance.now(), publishedAt);
    // A taker that closes its session while it is served takes itself out of the list.
    const only = takers.length === 1 ? takers[0] : undefined;
    if (only) this.serve(only, outbound, delivery);
    else for (const taker of takers.slice()) this.serve(taker, outbound, delivery);
  }

  private giveUp(token: number): void {
    this.lastRefusal = Date.now();
    this.onUndeliverable();
    this.queue.refuse(token);
  }

  /** One client's trouble is not the queue's, on which everybody else depends. */
  private serve(taker: UserTaker, message: OutboundMessage, delivery: Delivery): void {
    try {
      taker.deliver(message, delivery);
    } catch (error) {
      delivery.release();
      this.log.error({ err: error }, 'a message could not be handed to a client');
    }
  }
}
