import type { Bindings } from '../broker/bindings.js';
import type { UserMessage } from '../broker/node-queue.js';
import type { Logger } from '../logger.js';
import { OutboundMessage } from '../outbound/message.js';
import type { Traced, Tracing } from '../tracing.js';
import { Delivery, type Settler } from './delivery.js';

/** A client's subscription to one of its own `/user/…` destinations. */
export interface UserTaker {
  deliver(message: OutboundMessage, delivery: Delivery): void;
}

/**
 * The `/user/…` side of the hub: which client of this relay takes what comes out of the node queue, and one binding
 * for every user and destination that is subscribed to here.
 */
export class UserHub implements Settler {
  private readonly routes = new Map<string, UserTaker[]>();
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

  /** True when messages were given up in the last seconds. */
  get refusedLately(): boolean {
    return Date.now() - this.lastRefusal < 5000;
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
    const takers = this.routes.get(key);
    if (takers) takers.push(taker);
    else this.routes.set(key, [taker]);
    return this.bindings.add(key);
  }

  unsubscribe(key: string, taker: UserTaker): void {
    const takers = this.routes.get(key);
    const at = takers?.indexOf(taker) ?? -1;
    if (!takers || at < 0) return;
    takers.splice(at, 1);
    if (takers.length === 0) this.routes.delete(key);
    this.bindings.remove(key);
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

  private giveUp(token: number): void {
    this.lastRefusal = Date.now();
    this.onUndeliverable();
    this.queue.refuse(token);
  }

  /** Hands a message of the node queue to whoever takes it here. */
  receive({ key, headers, body, token }: UserMessage): void {
    const takers = this.draining ? undefined : this.routes.get(key);
    if (!takers) {
      this.giveUp(token);
      return;
    }
    const traced = this.tracing?.deliver(headers, {
      destination: 'relay.user',
      routingKey: key,
      bytes: body.length,
    });
    if (traced) this.spans.set(token, traced);
    const outbound = new OutboundMessage(traced?.headers ?? headers, body, `${this.node}-${++this.sequence}`);
    const { publishedAt } = outbound;
    const delivery = new Delivery(this, token, takers.length, performance.now(), publishedAt);
    this.unconfirmed++;
    // A taker that closes its session while it is served takes itself out of the list.
    const only = takers.length === 1 ? takers[0] : undefined;
    if (only) this.serve(only, outbound, delivery);
    else for (const taker of takers.slice()) this.serve(taker, outbound, delivery);
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
