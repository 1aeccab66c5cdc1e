import type { Bindings } from '../broker/bindings.js';
import { nodeQueueName } from '../broker/topology.js';
import { routingKeyOf } from '../destination.js';
import { OutboundMessage } from '../outbound/message.js';
import { encodeFrame } from '../stomp/encoder.js';
import { EMPTY_BODY, type Frame, header } from '../stomp/frame.js';
import { Delivery, type Settler } from './delivery.js';
import { Link, type LinkOptions } from './link.js';

/** A client's subscription to one of its own `/user/…` destinations. */
export interface UserTaker {
  deliver(message: OutboundMessage, delivery: Delivery): void;
}

const SUBSCRIPTION = 'node';

/**
 * How long acknowledgements are gathered, in milliseconds. Each burst costs the quorum queue one sync of its log, for
 * which new messages have to wait as well.
 */
const GATHER_MS = 20;

/**
 * The `/user/…` side of the hub: one node queue, read over one link with individual acknowledgement, and one
 * binding for every user and destination that is subscribed to here.
 */
export class UserHub implements Settler {
  private readonly routes = new Map<string, UserTaker[]>();
  private readonly link: Link;
  /** Whether the broker has confirmed the subscription to the node queue on the present connection. */
  private consuming = false;
  private session = 0;
  private sequence = 0;
  private draining = false;
  private lastRefusal = 0;
  private settlements: Buffer[] = [];
  private gathering: NodeJS.Timeout | undefined;

  constructor(
    options: LinkOptions,
    private readonly node: string,
    private readonly prefetch: number,
    private readonly bindings: Bindings,
    private readonly onUndeliverable: () => void,
    private readonly onQueueGone: () => void,
  ) {
    this.link = new Link(options, {
      onUp: () => this.consume(),
      onFrame: (frame) => this.receive(frame),
      onError: (frame) =>
        options.log.warn({ link: options.name, message: header(frame.headers, 'message') }, 'broker error'),
      onDown: (reason, refused) => {
        this.consuming = false;
        // There is one thing here that the broker can refuse: a node queue that was deleted or has expired.
        if (refused) this.onQueueGone();
        options.log.warn({ link: options.name, reason }, 'link lost');
      },
    });
  }

  get ready(): boolean {
    return this.consuming;
  }

  get state(): Link {
    return this.link;
  }

  /** True when messages were given up in the last seconds. */
  get refusedLately(): boolean {
    return Date.now() - this.lastRefusal < 5000;
  }

  get routeCount(): number {
    return this.routes.size;
  }

  open(): void {
    this.link.open();
  }

  /** Stops taking new messages for clients: what still arrives becomes unread. */
  drain(): void {
    this.draining = true;
  }

  close(): Promise<void> {
    this.flush();
    return this.link.close();
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

  ack(token: string): void {
    this.settle('ACK', token);
  }

  refuse(token: string): void {
    this.lastRefusal = Date.now();
    this.onUndeliverable();
    this.settle('NACK', token);
  }

  private settle(command: 'ACK' | 'NACK', token: string): void {
    // A token of an earlier connection: the broker has put that message back into the queue by itself.
    const separator = token.indexOf(' ');
    if (Number(token.slice(0, separator)) !== this.session || !this.link.up) return;
    const headers = ['id', token.slice(separator + 1)];
    if (command === 'NACK') headers.push('requeue', 'false');
    this.settlements.push(encodeFrame(command, headers, EMPTY_BODY, '1.2'));
    // A long gathering must not use up what the broker lets be on its way.
    if (this.settlements.length * 4 > this.prefetch) this.flush();
    else this.gathering ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  private flush(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const frames = this.settlements;
    this.settlements = [];
    if (frames.length > 0 && this.link.up) this.link.write(Buffer.concat(frames));
  }

  private consume(): void {
    this.session++;
    this.settlements = [];
    this.link.send('SUBSCRIBE', [
      ...['id', SUBSCRIPTION, 'destination', `/amq/queue/${nodeQueueName(this.node)}`],
      ...['ack', 'client-individual', 'prefetch-count', String(this.prefetch), 'receipt', SUBSCRIPTION],
    ]);
  }

  private receive(frame: Frame): void {
    if (frame.command === 'RECEIPT') this.consuming = true;
    if (frame.command !== 'MESSAGE') return;
    const token = `${this.session} ${header(frame.headers, 'ack') ?? ''}`;
    const key = routingKeyOf(header(frame.headers, 'destination') ?? '');
    const takers = key === undefined || this.draining ? undefined : this.routes.get(key);
    if (!takers) {
      this.refuse(token);
      return;
    }
    const delivery = new Delivery(this, token, takers.length);
    const message = new OutboundMessage(frame, `${this.node}-${++this.sequence}`);
    // A taker that closes its session while it is served takes itself out of the list.
    const only = takers.length === 1 ? takers[0] : undefined;
    if (only) this.serve(only, message, delivery);
    else for (const taker of takers.slice()) this.serve(taker, message, delivery);
  }

  /** One client's trouble is not the link's, on which everybody else depends. */
  private serve(taker: UserTaker, message: OutboundMessage, delivery: Delivery): void {
    try {
      taker.deliver(message, delivery);
    } catch (error) {
      delivery.release();
      this.link.options.log.error({ err: error }, 'a message could not be handed to a client');
    }
  }
}
