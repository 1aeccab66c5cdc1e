import { randomBytes } from 'node:crypto';
import type { Seat } from '../admission/admission.js';
import type { Identity } from '../auth/identity.js';
import { type ClosureName, closures } from '../closures.js';
import { ProtocolError, RelayError } from '../errors.js';
import { commands } from '../inbound/commands.js';
import { connectedFrame, errorFrame, receiptFrame } from '../outbound/frames.js';
import type { Outgoing } from '../outbound/outgoing.js';
import { FrameDecoder } from '../stomp/decoder.js';
import { type Frame, header, type StompVersion } from '../stomp/frame.js';
import type { Transport, TransportEvents } from '../transport/transport.js';
import type { Delivery } from '../upstream/delivery.js';
import type { SendLink } from '../upstream/sends.js';
import { Acknowledgements } from './acknowledgements.js';
import { Heartbeats } from './heartbeats.js';
import { Intake } from './intake.js';
import { Outstanding } from './outstanding.js';
import { Private } from './private.js';
import { ProvenSends } from './proven-sends.js';
import { Replies } from './replies.js';
import type { SessionServices } from './services.js';
import type { Subscription } from './subscriptions.js';
import { Transactions } from './transactions.js';

type State = 'opening' | 'open' | 'leaving' | 'closed';

/**
 * The server side of STOMP for one client, over any transport: decodes what arrives, has each frame handled in
 * the client's order, and is the only place that knows both the client and the broker side.
 */
export class Session implements TransportEvents {
  readonly id = randomBytes(12).toString('base64url');
  readonly openedAt = Date.now();
  version: StompVersion = '1.2';
  identity: Identity | undefined;
  private readonly proven: ProvenSends;
  readonly subscriptions = new Map<string, Subscription>();
  readonly heartbeats: Heartbeats;
  private readonly decoder: FrameDecoder;
  private state: State = 'opening';
  readonly intake: Intake;
  private readonly outstanding: Outstanding;
  private waitsForSubscriptions = false;
  /** Whether something went over the shared link whose confirmation this client does not wait for. */
  sentUnconfirmed = false;
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
    this.heartbeats = new Heartbeats(transport, services.limits);
    this.proven = new ProvenSends(transport, services.limits.maxQueuedBytes, () => this.onOverflow());
    this.outstanding = new Outstanding(this.proven);
    this.intake = new Intake(transport, (frame) => this.handle(frame));
    this.decoder = new FrameDecoder(
      {
        onFrame: (frame) => {
          services.metrics.countFrame(frame.command);
          this.intake.receive(frame);
        },
      },
      { side: 'server', limits: services.limits },
    );
    services.sessions.add(this);
  }

  get isOpening(): boolean {
    return this.state === 'opening';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** The verified identity; only after CONNECTED. */
  get user(): Identity {
    if (!this.identity) throw new ProtocolError('ERR_NOT_CONNECTED', 'send CONNECT first');
    return this.identity;
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
    this.acknowledgementList ??= new Acknowledgements(this.services.limits.maxUnacked);
    return this.acknowledgementList;
  }

  // What the transport tells.

  onData(chunk: Buffer): void {
    this.heartbeats.heard();
    if (this.state === 'closed') return;
    try {
      this.decoder.push(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  onProof(count: number): void {
    this.heartbeats.heard();
    this.proven.prove(count);
    this.outstanding.check();
  }

  onOverflow(): void {
    this.services.log.warn(
      { session: this.id, user: this.identity?.user },
      'client does not read; closing it',
    );
    this.end('slowConsumer');
    this.transport.terminate();
  }

  onClose(code: number): void {
    this.end(code === 1000 || code === 1001 ? 'normal' : 'lost');
  }

  // What handlers and subscriptions use.

  /** Called by CONNECT's handler when everything is agreed. */
  connected(version: StompVersion, heartbeat: string): void {
    this.version = version;
    this.decoder.version = version;
    this.state = 'open';
    this.send(connectedFrame(version, this.id, this.user.user, heartbeat));
  }

  send(frame: Outgoing): void {
    if (this.state !== 'closed') this.transport.send(frame);
  }

  /** Sends a message that counts as delivered once the transport has proved it. */
  sendUnproven(frame: Outgoing, delivery: Delivery): void {
    if (this.state === 'closed') delivery.release();
    else this.proven.send(frame, delivery);
  }

  /** Sends the RECEIPT that a frame asked for, if it asked for one. */
  receipt(frame: Frame): void {
    const receipt = header(frame.headers, 'receipt');
    if (receipt !== undefined) this.send(receiptFrame(receipt, this.version));
  }

  /** A callback for the broker's answer to `frame`: RECEIPT, or ERROR and the end. Undefined when none is wanted. */
  whenConfirmed(frame: Frame): ((error?: RelayError) => void) | undefined {
    const receipt = header(frame.headers, 'receipt');
    if (receipt === undefined) return undefined;
    // What is part of a transaction may never be answered: an ABORT is the end of it.
    const ends = frame.command === 'COMMIT' || frame.command === 'ABORT';
    const counts = ends || header(frame.headers, 'transaction') === undefined ? 1 : 0;
    this.outstanding.frames += counts;
    return (error) => {
      this.outstanding.frames -= counts;
      this.services.metrics.sends.inc({ result: error ? error.code : 'confirmed' });
      if (error) this.fail(error, receipt);
      else {
        this.send(receiptFrame(receipt, this.version));
        this.outstanding.check();
      }
    };
  }

  /** A SUBSCRIBE is on its way; frames that depend on it wait until `confirmSubscription`. */
  expectSubscription(): void {
    this.outstanding.subscriptions++;
  }

  confirmSubscription(frame: Frame): void {
    this.outstanding.subscriptions--;
    this.receipt(frame);
    this.outstanding.check();
    if (this.outstanding.subscriptions === 0 && this.waitsForSubscriptions) {
      this.waitsForSubscriptions = false;
      this.intake.release();
    }
  }

  /**
   * The client takes its leave. Nothing new is delivered to it; resolves when what it sent is confirmed and what it
   * was sent is proved, at the latest after `limit` milliseconds. False when the broker has not confirmed by then.
   */
  leave(limit: number): Promise<boolean> {
    this.state = 'leaving';
    for (const subscription of this.subscriptions.values()) subscription.end();
    this.subscriptions.clear();
    if (this.sentUnconfirmed) {
      this.outstanding.frames++;
      this.sends.fence((error) => {
        this.outstanding.frames--;
        if (error) this.fail(error);
        else this.outstanding.check();
      });
    }
    return this.outstanding.settled(limit);
  }

  /** The one place where an error ends a session: ERROR frame, then the close that the error names. */
  fail(error: unknown, receipt?: string): void {
    if (this.state === 'closed') return;
    const shown = error instanceof RelayError ? error : unexpected(error, this);
    this.services.metrics.denials.inc({ reason: shown.code });
    this.services.log.info(
      { session: this.id, user: this.identity?.user, code: shown.code, address: this.transport.address },
      shown.message,
    );
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
    if (this.state === 'opening' && now - this.openedAt > limits.connectTimeout) {
      this.fail(new ProtocolError('ERR_CONNECT_TIMEOUT', 'no CONNECT frame in time', 'connectTimeout'));
    } else if (this.identity?.expiresAt !== undefined && now >= this.identity.expiresAt) {
      this.fail(new RelayError('ERR_TOKEN_EXPIRED', 'the token has expired', 'tokenExpired'));
    } else if ((this.acknowledgementList?.stalled(now) ?? 0) > limits.ackTimeout) {
      this.fail(new RelayError('ERR_ACK_TIMEOUT', 'no message was acknowledged in time', 'slowConsumer'));
    } else if (now - this.openedAt > limits.maxAge) this.close('goingAway');
    else this.heartbeats.tick(now, this.intake.paused, (closure) => this.lose(closure));
  }

  // The way of a frame.

  private handle(frame: Frame): void {
    if (this.state === 'closed' || this.state === 'leaving') return;
    try {
      const command = commands[frame.command];
      if (!command) throw new ProtocolError('ERR_BAD_COMMAND', `${frame.command} is no command of a client`);
      if (command.opens !== (this.state === 'opening')) {
        const message = command.opens ? 'already connected' : 'send CONNECT first';
        throw new ProtocolError('ERR_UNEXPECTED_COMMAND', message);
      }
      // As with a broker of one's own: what is sent after a SUBSCRIBE reaches that subscription.
      if (command.afterSubscriptions && this.outstanding.subscriptions > 0) {
        this.waitsForSubscriptions = true;
        this.intake.hold(frame);
        return;
      }
      const pending = command.handle(this, frame);
      if (!pending) return;
      this.intake.hold();
      pending.then(
        () => this.intake.release(),
        (error: unknown) => this.fail(error, header(frame.headers, 'receipt')),
      );
    } catch (error) {
      this.fail(error, header(frame.headers, 'receipt'));
    }
  }

  private lose(closure: ClosureName): void {
    this.close(closure === 'slowConsumer' && this.proven.size === 0 ? 'heartbeatLost' : closure);
    // It does not answer: nobody is there to take part in a closing handshake.
    this.transport.terminate();
  }

  private end(closure: ClosureName | 'lost'): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.decoder.stop();
    this.intake.stop();
    this.services.sessions.delete(this);
    this.seat.leave();
    this.services.metrics.closes.inc({ closure });
    for (const subscription of this.subscriptions.values()) subscription.end();
    this.subscriptions.clear();
    this.proven.releaseAll();
    void this.privateSide?.close();
    this.outstanding.giveUp();
  }
}

function unexpected(error: unknown, session: Session): RelayError {
  session.services.log.error({ err: error, session: session.id }, 'unexpected error in a session');
  return new RelayError('ERR_INTERNAL', 'internal error', 'internal');
}
