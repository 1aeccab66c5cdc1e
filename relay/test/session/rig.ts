import { openDoor } from '../../src/admission/admission.js';
import type { Identity } from '../../src/auth/identity.js';
import { Bindings } from '../../src/broker/bindings.js';
import { Directory } from '../../src/broker/directory.js';
import { Inbox } from '../../src/broker/inbox.js';
import { Mailboxes } from '../../src/broker/mailboxes.js';
import type { Closure } from '../../src/closures.js';
import { DenialLog } from '../../src/denial-log.js';
import { parseDestination } from '../../src/destination.js';
import { LogBudget } from '../../src/log-budget.js';
import { createMetrics } from '../../src/metrics.js';
import { OutboundMessage } from '../../src/outbound/message.js';
import type { Outgoing } from '../../src/outbound/outgoing.js';
import { loadPolicy } from '../../src/policy/load.js';
import type { SessionLimits, SessionServices } from '../../src/session/services.js';
import { Session } from '../../src/session/session.js';
import type { Asked } from '../../src/session/subscriptions.js';
import { UserUnacked } from '../../src/session/unacked.js';
import { FrameDecoder } from '../../src/stomp/decoder.js';
import type { Frame, HeaderList } from '../../src/stomp/frame.js';
import type { Transport } from '../../src/transport/transport.js';
import { Changes } from '../../src/unread/changes.js';
import { Unread } from '../../src/unread/unread.js';
import { Delivery, type Settler } from '../../src/upstream/delivery.js';
import { PrivateLink } from '../../src/upstream/private.js';
import { SendLink } from '../../src/upstream/sends.js';
import { TopicHub } from '../../src/upstream/topics.js';
import { UserHub } from '../../src/upstream/users.js';
import { clientFrame, nowhere } from '../support/links.js';
import { NOTHING_OBSERVED } from '../support/observed.js';

/** A transport that keeps what it is given; proofs and overflows are the test's to report. */
export class RecordingTransport implements Transport {
  readonly kind = 'websocket';
  readonly address = 'test';
  sent = 0;
  sentBytes = 0;
  lastWrite = 0;
  proofPendingSince = 0;
  congested = false;
  readonly frames: Frame[] = [];
  heartbeats = 0;
  proofRequests = 0;
  paused = false;
  closed: Closure | undefined;
  terminated = false;

  send(frame: Outgoing): void {
    this.sent++;
    this.sentBytes += frame.bytes.length;
    const decoder = new FrameDecoder({ onFrame: (one) => this.frames.push(one) }, { side: 'client' });
    decoder.push(frame.bytes);
  }
  sendHeartbeat(): void {
    this.heartbeats++;
  }
  requestProof(): void {
    this.proofRequests++;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  close(closure: Closure): void {
    this.closed = closure;
  }
  terminate(): void {
    this.terminated = true;
  }
}

export const LIMITS: SessionLimits = {
  maxFrameBytes: 1 << 20,
  maxHeaders: 128,
  maxHeaderBytes: 16_384,
  maxSubscriptions: 500,
  maxUnacked: 3,
  maxTransactions: 4,
  maxQueuedBytes: 1 << 20,
  sendRate: 1_000_000,
  subscribeRate: 1_000_000,
  receiveRate: 1 << 30,
  throttleTime: 30_000,
  tokenWarning: 60_000,
  firstFrameTimeout: 5000,
  connectTimeout: 10_000,
  confirmTimeout: 15_000,
  ackTimeout: 60_000,
  pingInterval: 30_000,
  heartbeat: 1000,
  maxAge: 86_400_000,
};

const RULES = `
version: 1
rules:
  - subscribe: [/topic/#]
    send: [/topic/#, '/user/*/#']
`;

/**
 * A session on a recording transport, signed in as alice. Behind it are the real hubs, whose links are never opened:
 * for the session the broker is away.
 */
export class Rig {
  readonly transport = new RecordingTransport();
  readonly services: SessionServices;
  readonly session: Session;
  readonly alarm = { congested: false };
  readonly sends = new SendLink(nowhere(), { timeout: 60_000, highWater: 64 * 1024, alarm: this.alarm });

  constructor(
    limits: Partial<SessionLimits> = {},
    identity: Identity = {
      user: 'alice',
      userWord: 'alice',
      claims: {},
      expiresAt: undefined,
      tokenId: 'one',
    },
  ) {
    const options = nowhere();
    const nothing = () => {};
    const bindings = new Bindings({ name: 'node' }, 1, options.log, nothing);
    const sessions = new Set<Session>();
    const metrics = createMetrics({ ...NOTHING_OBSERVED, sessions: () => sessions.size });
    const inbox = new Inbox(nothing);
    const mail = [new Mailboxes(), new Directory(inbox, nothing), inbox, new Changes(inbox)] as const;
    this.services = {
      node: 'node-1',
      signIn: {
        withToken: () => Promise.resolve(identity),
        withTicket: () => Promise.resolve(identity),
      },
      policy: loadPolicy(RULES, 'test'),
      users: new UserHub('node', bindings, new Settlements(), options.log, nothing),
      topics: new TopicHub(options, 10),
      unread: new Unread(...mail, { leaseTime: 60_000, maxLeases: 10 }, metrics.unread),
      unacked: new UserUnacked(500),
      alarm: this.alarm,
      pickSendLink: () => this.sends,
      openPrivateLink: (_name, events) =>
        new PrivateLink(options, { timeout: 60_000, highWater: 1 << 20, alarm: this.alarm }, events),
      limits: { ...LIMITS, ...limits },
      log: options.log,
      sessionLog: new LogBudget(options.log, {
        about: 'sessions',
        each: { burst: 10, rate: 1 },
        all: { burst: 10, rate: 1 },
        onLeftOut: nothing,
      }),
      denials: new DenialLog(options.log, nothing),
      metrics,
      sessions,
    };
    this.session = new Session(this.transport, this.services, openDoor.enter(''), identity);
  }

  get frames(): Frame[] {
    return this.transport.frames;
  }

  get commands(): string[] {
    return this.frames.map(({ command }) => command);
  }

  send(command: string, headers: HeaderList = [], body = ''): void {
    this.session.onData(clientFrame(command, headers, Buffer.from(body)));
  }

  /** CONNECT; resolves when it is answered. */
  async connect(...headers: string[]): Promise<void> {
    this.send('CONNECT', ['accept-version', '1.2', 'host', '/', ...headers]);
    // The token of a connection that is authenticated already costs one turn of promises and nothing else.
    while (this.session.isOpening) await Promise.resolve();
    await Promise.resolve();
  }

  close(): void {
    this.session.close('normal');
    this.sends.close();
  }
}

/** What a subscription of alice's was allowed for. */
export function asked(text: string): Asked {
  return { destination: parseDestination(text, 'subscribe', 'alice'), shaping: [] };
}

/** Notes how deliveries are settled, each by the name that the test gave it. */
export class Settlements implements Settler {
  private readonly given: string[] = [];
  readonly acked: string[] = [];
  readonly refused: string[] = [];

  ack(token: number): void {
    this.acked.push(this.nameOf(token));
  }
  refuse(token: number): void {
    this.refused.push(this.nameOf(token));
  }

  delivery(name: string, takers = 1): Delivery {
    return new Delivery(this, this.given.push(name), takers);
  }

  private nameOf(token: number): string {
    return this.given[token - 1] ?? `unknown token ${token}`;
  }
}

/** A message to alice, as the hub hands it to the session's subscriptions. */
export function userMessage(id: string, headers: HeaderList = []): OutboundMessage {
  return new OutboundMessage(['redelivered', 'false', ...headers], Buffer.from(`body ${id}`), id);
}
