import { randomBytes } from 'node:crypto';
import type { Seat } from '../admission/admission.js';
import type { Identity } from '../auth/identity.js';
import { type ClosureName, closures } from '../closures.js';
import type { Movable } from '../drain.js';
import { ProtocolError } from '../errors.js';
import type { Traffic } from '../metrics/traffic.js';
import { connectedFrame, errorFrame } from '../outbound/frames.js';
import type { Outgoing } from '../outbound/outgoing.js';
import type { StompVersion } from '../stomp/frame.js';
import type { Lane } from '../transport/lane.js';
import type { Transport, TransportEvents } from '../transport/transport.js';
import type { Delivery } from '../upstream/delivery.js';
import type { SendLink } from '../upstream/sends.js';
import { Acknowledgements } from './acknowledgements.js';
import { Answers } from './answers.js';
import { Deadlines } from './deadlines.js';
import { Ended } from './ended.js';
import { noteFailure } from './failure.js';
import { Heartbeats } from './heartbeats.js';
import { Incoming } from './incoming.js';
import type { Intake } from './intake.js';
import { Notices } from './notices.js';
import { Private } from './private.js';
import { ProvenSends } from './proven-sends.js';
import type { Rates } from './rates.js';
import { countOpened, noteEnd, noteStart } from './record.js';
import { Replies } from './replies.js';
import type { SessionServices } from './services.js';
import { SubscriptionList } from './subscription-list.js';
import { Transactions } from './transactions.js';

type State = 'opening' | 'open' | 'leaving' | 'closed';

/**
 * The server side of STOMP for one client, over any transport: decodes what arrives, has each frame handled in
 * the client's order, and is the only place that knows both the client and the broker side.
 */
export class Session implements TransportEvents, Movable {
  readonly id = randomBytes(12).toString('base64url');
  readonly openedAt = Date.now();
  version: StompVersion = '1.2';
  identity: Identity | undefined;
  private readonly proven: ProvenSends;
  readonly subscriptions: SubscriptionList;
  readonly heartbeats: Heartbeats;
  private state: State = 'opening';
  /** Whether its start is in the log, and so its end will be. */
  isLogged = false;
  /** The code of the error that ended it. */
  failure: string | undefined;
  /** SENDs of the client. */
  messagesIn = 0;
  /** MESSAGEs to it. */
  messagesOut = 0;
  readonly answers: Answers;
  private readonly incoming: Incoming;
  /** What the client is told about its session. */
  readonly notices = new Notices();
  /** Subscriptions that the relay has ended. */
  readonly ended: Ended;
  private readonly deadlines = new Deadlines(this);
  private sendLink: SendLink | undefined;
  private privateSide: Private | undefined;
  private transactionList: Transactions | undefined;
  private replyTargets: Replies | undefined;
  private acknowledgementList: Acknowledgements | undefined;

  constructor(
    readonly transport: Transport,
    readonly services: SessionServices,
    readonly seat: Seat,
    identity: Identity | undefined,
  ) {
    this.identity = identity;
    this.subscriptions = new SubscriptionList(services.metrics.subscriptions);
    this.heartbeats = new Heartbeats(transport, services.limits);
    this.proven = new ProvenSends(transport, services.limits.maxQueuedBytes, () => this.onOverflow());
    this.ended = new Ended(services.limits.maxSubscriptions);
    this.answers = new Answers(this, this.proven);
    this.incoming = new Incoming(this);
    services.sessions.add(this);
    countOpened(this);
  }

  get isOpening(): boolean {
    return this.state === 'opening';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** False once the client has taken its leave. */
  get takesFrames(): boolean {
    return this.state === 'opening' || this.state === 'open';
  }

  get isLeaving(): boolean {
    return this.state === 'leaving';
  }

  get intake(): Intake {
    return this.incoming.intake;
  }

  get rates(): Rates {
    return this.incoming.rates;
  }

  /** Whether a whole frame has come. */
  get heardFrame(): boolean {
    return this.incoming.frames > 0;
  }

  /** The verified identity; only after CONNECTED. */
  get user(): Identity {
    if (!this.identity) throw new ProtocolError('ERR_NOT_CONNECTED', 'send CONNECT first');
    return this.identity;
  }

  get traffic(): Traffic {
    const { incoming, transport } = this;
    const { sent: framesOut, sentBytes: bytesOut } = transport;
    return { framesIn: incoming.frames, bytesIn: incoming.bytes, framesOut, bytesOut };
  }

  get sends(): SendLink {
    this.sendLink ??= this.services.pickSendLink();
    return this.sendLink;
  }

  /** The client's private side, opened on first use. */
  get private(): Private {
    this.privateSide ??= new Private(this);
    return this.privateSide;
  }

  get existingPrivate(): Private | undefined {
    return this.privateSide;
  }

  get transactions(): Transactions {
    const { maxTransactions, maxQueuedBytes } = this.services.limits;
    this.transactionList ??= new Transactions(maxTransactions, maxQueuedBytes);
    return this.transactionList;
  }

  get replies(): Replies {
    this.replyTargets ??= new Replies();
    return this.replyTargets;
  }

  get acknowledgements(): Acknowledgements {
    const { limits, unacked } = this.services;
    this.acknowledgementList ??= new Acknowledgements(limits.maxUnacked, unacked.share(this.user.userWord));
    return this.acknowledgementList;
  }

  get existingAcknowledgements(): Acknowledgements | undefined {
    return this.acknowledgementList;
  }

  /** Whether it has `/user` messages that it has neither proved nor acknowledged. */
  get owesProof(): boolean {
    return this.proven.size > 0 || this.acknowledgementList?.isEmpty === false;
  }

  // What the transport tells.

  onData(chunk: Buffer): void {
    this.heartbeats.heard();
    if (this.state === 'closed') return;
    this.incoming.receive(chunk);
  }

  onProof(count: number): void {
    this.heartbeats.heard();
    this.proven.prove(count);
    this.answers.check();
  }

  onDrain(): void {
    this.privateSide?.resume();
  }

  onOverflow(): void {
    const { log, metrics } = this.services;
    metrics.limits.inc({ limit: 'RELAY_MAX_QUEUED_BYTES' });
    log.warn({ session: this.id, user: this.identity?.user }, 'client does not read; closing it');
    this.end('slowConsumer');
    this.transport.terminate();
  }

  onClose(code: number): void {
    this.end(code === 1000 || code === 1001 ? 'normal' : 'lost', code);
  }

  // What handlers and subscriptions use.

  /** Called by CONNECT's handler when everything is agreed. */
  connected(version: StompVersion, heartbeat: string): void {
    this.version = version;
    this.incoming.version = version;
    this.state = 'open';
    noteStart(this);
    this.send(connectedFrame(version, this.id, this.user.user, heartbeat, this.services.node));
  }

  send(frame: Outgoing, lane?: Lane): void {
    if (this.state !== 'closed') this.transport.send(frame, lane);
  }

  /** Sends a message that counts as delivered once the transport has proved it. */
  sendUnproven(frame: Outgoing, delivery: Delivery): void {
    if (this.state === 'closed') delivery.release();
    else this.proven.send(frame, delivery);
  }

  /**
   * The client takes its leave. Nothing new is delivered to it; resolves when what it sent is confirmed and what it
   * was sent is proved, at the latest after `limit` milliseconds. False when the broker has not confirmed by then.
   */
  leave(limit: number): Promise<boolean> {
    this.state = 'leaving';
    for (const subscription of this.subscriptions.values()) subscription.end();
    this.subscriptions.clear();
    return this.answers.settled(limit);
  }

  stopDeliveries(): void {
    for (const subscription of this.subscriptions.values()) subscription.stop?.();
  }

  settle(): boolean {
    return this.intake.isIdle && this.answers.settle() && (this.acknowledgementList?.isEmpty ?? true);
  }

  /** The one place where an error ends a session: ERROR frame, then the close that the error names. */
  fail(error: unknown, receipt?: string): void {
    if (this.state === 'closed') return;
    const shown = noteFailure(this, error);
    this.send(errorFrame(shown, receipt, this.version));
    this.close(shown.closure);
  }

  close(closure: ClosureName): void {
    if (this.state === 'closed') return;
    this.end(closure);
    this.transport.close(closures[closure]);
  }

  /** Called a few times a second by the sweep. */
  tick(now: number): void {
    if (this.state === 'closed') return;
    this.intake.tick();
    this.privateSide?.link.tick(now);
    if (this.isClosed) return;
    const { limits } = this.services;
    if ((this.privateSide?.stalled(now) ?? 0) > limits.confirmTimeout) {
      this.cut('slowConsumer');
      return;
    }
    const late = this.deadlines.check(now) ?? this.rates.check(now);
    if (late) this.fail(late);
    else if (now - this.openedAt > limits.maxAge) this.close('goingAway');
    else this.heartbeats.tick(now, this.intake.paused, (closure) => this.lose(closure));
    this.notices.tick(now, this.identity?.expiresAt, limits.tokenWarning);
  }

  private lose(closure: ClosureName): void {
    this.cut(closure === 'slowConsumer' && this.proven.size === 0 ? 'heartbeatLost' : closure);
  }

  private cut(closure: ClosureName): void {
    this.close(closure);
    // It does not answer: nobody is there to take part in a closing handshake.
    this.transport.terminate();
  }

  private end(closure: ClosureName | 'lost', code?: number): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.incoming.stop();
    this.services.sessions.delete(this);
    this.seat.leave();
    noteEnd(this, closure, code);
    for (const subscription of this.subscriptions.values()) subscription.end();
    this.subscriptions.clear();
    this.proven.releaseAll();
    void this.privateSide?.close();
    this.answers.giveUp();
    this.deadlines.stop();
  }
}
