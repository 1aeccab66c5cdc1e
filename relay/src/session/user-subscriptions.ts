import { RelayError } from '../errors.js';
import type { OutboundMessage } from '../outbound/message.js';
import { Replay } from '../unread/replay.js';
import type { MailboxAddress } from '../unread/store.js';
import type { Delivery } from '../upstream/delivery.js';
import type { UserTaker } from '../upstream/route.js';
import type { Session } from './session.js';
import type { Asked, Subscription } from './subscriptions.js';

/** What a client subscribed to of its own, and the address that it means. */
export interface UserTarget {
  readonly asked: Asked;
  readonly address: MailboxAddress;
  /** Whether unread mail comes first. */
  readonly replay: boolean;
}

/** A subscription with automatic acknowledgement to one of the client's own `/user/…` destinations. */
export class UserSubscription implements Subscription, UserTaker {
  readonly kind = 'user';
  private readonly replay: Replay | undefined;
  private readonly key: string;

  constructor(
    protected readonly session: Session,
    protected readonly id: string,
    protected readonly target: UserTarget,
  ) {
    const { address, replay } = target;
    this.key = `${address.userWord}.${address.rest}`;
    if (!replay) return;
    this.replay = new Replay(address, `${session.id}-${id}`, session.services.unread, {
      deliver: (message, delivery) => this.take(message, delivery),
      room: () => this.room(),
      onRoom: (callback) => this.onRoom(callback),
      overflow: () => this.overflow(),
    });
  }

  get asked(): Asked {
    return this.target.asked;
  }

  async start(): Promise<void> {
    await this.session.services.users.subscribe(this.key, this);
    this.replay?.start();
  }

  stop(): void {
    this.session.services.users.unsubscribe(this.key, this);
    this.replay?.end();
  }

  end(): void {
    this.stop();
  }

  deliver(message: OutboundMessage, delivery: Delivery): void {
    if (!this.replay?.holds(message, delivery)) this.take(message, delivery);
  }

  yield(): void {
    const { session } = this;
    // Another tab of the user may hold nothing, and goes on.
    if (!session.owesProof && !this.replay?.holding) return;
    const message = 'what this client does not confirm keeps messages from others';
    session.fail(new RelayError('ERR_HOLDS_UP_OTHERS', message, 'slowConsumer'));
  }

  private take(message: OutboundMessage, delivery: Delivery): void {
    const { session } = this;
    if (session.isClosed) {
      delivery.release();
      return;
    }
    session.services.metrics.delivered.user++;
    session.messagesOut++;
    if (message.replyTo !== undefined) session.replies.remember(message.replyTo);
    this.hand(message, delivery);
  }

  protected hand(message: OutboundMessage, delivery: Delivery): void {
    const { session, id: subscription, target } = this;
    const destination = target.asked.destination.text;
    session.sendUnproven(message.encode({ subscription, destination, version: session.version }), delivery);
  }

  /** How many more unread messages may be on their way. */
  protected room(): number {
    return Number.POSITIVE_INFINITY;
  }

  protected onRoom(_callback: () => void): void {}

  private overflow(): void {
    const message = 'new messages arrive faster than the unread ones before them are taken';
    this.session.fail(new RelayError('ERR_REPLAY_BEHIND', message, 'slowConsumer'));
  }
}

/** The same with acknowledgement by the client. */
export class AcknowledgedUserSubscription extends UserSubscription {
  private readonly ordinal: number;

  constructor(session: Session, id: string, target: UserTarget, ackMode: 'client' | 'client-individual') {
    super(session, id, target);
    this.ordinal = session.acknowledgements.register(ackMode === 'client');
  }

  override end(): void {
    super.end();
    this.session.acknowledgements.release(this.ordinal);
  }

  protected override hand(message: OutboundMessage, delivery: Delivery): void {
    const { session, id: subscription, target } = this;
    const destination = target.asked.destination.text;
    let ack: string;
    try {
      ack = session.acknowledgements.add(this.ordinal, message.id, delivery);
    } catch (error) {
      session.fail(error);
      // Behind those that were delivered before it: unread mail has an order, too.
      delivery.release();
      return;
    }
    session.send(message.encode({ subscription, destination, version: session.version, ack }));
  }

  protected override room(): number {
    return this.session.acknowledgements.roomForReplay;
  }

  protected override onRoom(callback: () => void): void {
    this.session.acknowledgements.onRoom(callback);
  }
}
