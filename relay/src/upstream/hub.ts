import type { BrokerAlarm } from '../broker/alarm.js';
import { Bindings } from '../broker/bindings.js';
import { AmqpConnection, WORKS_WITHIN_MS } from '../broker/connection.js';
import type { Inbox } from '../broker/inbox.js';
import { Incarnation } from '../broker/incarnation.js';
import { NodePlace } from '../broker/node.js';
import { NodeQueue, removeNodeQueue } from '../broker/node-queue.js';
import type { RevocationLog } from '../broker/revocation-log.js';
import { declareShared, nodeQueueName } from '../broker/topology.js';
import type { RelayConfig } from '../config.js';
import type { Readiness } from '../http/probes.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Tracing } from '../tracing.js';
import type { Unread } from '../unread/unread.js';
import { Spread } from '../util/rotation.js';
import { observeConfirmed, observeWritten } from './latency.js';
import type { Link, LinkOptions } from './link.js';
import { Mail } from './mail.js';
import { type PrivateEvents, PrivateLink } from './private.js';
import { type SendLimits, SendLink } from './sends.js';
import { TopicHub } from './topics.js';
import { UserHub } from './users.js';

/** How long a leaving relay tries to leave in order, in milliseconds. */
const FAREWELL_MS = 3000;

/** Everything that leads to the broker: the shared links, the AMQP connection, and private links on demand. */
export class Hub {
  readonly users: UserHub;
  readonly topics: TopicHub;
  private readonly sendLinks: SendLink[];
  private readonly amqp: AmqpConnection;
  private readonly incarnation: Incarnation;
  private readonly place: NodePlace;
  private readonly bindings: Bindings;
  private readonly nodeQueue: NodeQueue;
  private readonly mail: Mail;
  private readonly webStomp: Spread;
  private turn = 0;

  constructor(
    private readonly config: RelayConfig,
    node: string,
    private readonly log: Logger,
    metrics: Metrics,
    tracing?: Tracing,
  ) {
    const { env, broker } = config;
    const amqp = new Spread(broker.amqpUrls);
    this.webStomp = new Spread(broker.webStompUrls);
    this.mail = new Mail(config, amqp, node, log, metrics.unread);
    this.amqp = new AmqpConnection(amqp.order(), log, `relay ${node}`, broker.tls);
    this.incarnation = new Incarnation(node);
    const { RELAY_NODE_QUEUE_TYPE: type, RELAY_NODE_TTL: ttl } = env;
    this.place = new NodePlace(this.incarnation, { type, ttl }, log);
    this.bindings = new Bindings(this.incarnation, env.RELAY_BINDING_CHANNELS, log, (error) =>
      this.amqp.reset(error),
    );
    this.nodeQueue = new NodeQueue(this.incarnation, env.RELAY_USER_PREFETCH, {
      onMessage: (message) => this.users.receive(message),
      onBroken: (error) => this.amqp.reset(error),
    });
    const { latency } = metrics;
    this.users = new UserHub(
      ...([node, this.bindings, this.nodeQueue, log] as const),
      () => metrics.undelivered.inc(),
      (delivery) => observeConfirmed(latency, delivery),
      tracing,
    );
    const onWritten = (publishedAt: number) => observeWritten(latency, publishedAt);
    this.topics = new TopicHub(this.link('topics'), env.RELAY_TOPIC_PREFETCH, onWritten, tracing);
    this.sendLinks = Array.from(
      { length: env.RELAY_SEND_LINKS },
      (_, i) => new SendLink(this.link(`sends ${i + 1}`), this.sendLimits),
    );
    this.amqp.onConnect(declareShared, WORKS_WITHIN_MS);
    this.amqp.onConnect((connection) => this.place.declare(connection), WORKS_WITHIN_MS);
    // Before the bindings, which may be many: a node without a consumer is taken for dead.
    this.amqp.onConnect((connection) => this.place.guarded(connection, this.nodeQueue.consume(connection)));
    this.amqp.onConnect((connection) => this.bindings.restore(connection));
    this.amqp.onConnect((connection) => this.place.watch(connection, (error) => this.amqp.reset(error)));
  }

  async open(): Promise<void> {
    this.topics.open();
    for (const link of this.sendLinks) link.open();
    await Promise.all([this.amqp.open(), this.mail.open()]);
  }

  /** Called a few times a second by the sweep. */
  tick(): void {
    this.users.relieve(this.config.env.RELAY_USER_PREFETCH);
  }

  get unread(): Unread {
    return this.mail.unread;
  }

  /** Where other relays reach this one. */
  get inbox(): Inbox {
    return this.mail.inbox;
  }

  get revocations(): RevocationLog {
    return this.mail.revocations;
  }

  /** Whether the broker is short of memory or disk. */
  get alarm(): BrokerAlarm {
    return this.mail.alarm;
  }

  pickSendLink(): SendLink {
    const link = this.sendLinks[this.turn++ % this.sendLinks.length];
    if (!link) throw new Error('there is no send link');
    return link;
  }

  openPrivateLink(name: string, events: PrivateEvents): PrivateLink {
    const { broker } = this.config;
    const options = { ...this.link(name), login: broker.clientLogin, passcode: broker.clientPasscode };
    return new PrivateLink(options, this.sendLimits, events);
  }

  readiness(): Readiness {
    const parts: Readiness['parts'] = {
      amqp: part(this.amqp.up, this.amqp.lastError?.message),
      users: part(this.nodeQueue.up, this.amqp.lastError?.message),
      unread: part(this.mail.up, this.mail.lastError?.message),
      topics: part(this.topics.ready, this.topics.state.lastError),
    };
    this.sendLinks.forEach((link, i) => {
      parts[`sends-${i + 1}`] = part(link.ready, link.state.lastError);
    });
    const { reason: alarm } = this.alarm;
    return {
      ready: Object.values(parts).every(({ up }) => up),
      parts,
      ...(alarm === undefined ? {} : { alarm }),
    };
  }

  /** How often each part of `readiness` that is a connection has come up. */
  linkConnects(): Record<string, number> {
    const sends = this.sendLinks.map((link, i) => [`sends-${i + 1}`, link.state.connects]);
    return {
      amqp: this.amqp.connects,
      unread: this.mail.connects,
      topics: this.topics.state.connects,
      ...Object.fromEntries(sends),
    };
  }

  unconfirmed(): { deliveries: number; sends: number } {
    const sends = this.sendLinks.reduce((sum, link) => sum + link.unconfirmed, 0);
    return { deliveries: this.users.unconfirmed, sends };
  }

  /** Cuts the shared Web-STOMP links, which come back by themselves; returns how many there were. */
  cutLinks(): number {
    return [this.topics.state, ...this.sendLinks.map((link) => link.state)].filter((link) => link.cut())
      .length;
  }

  /** True when the broker refused our login on some link, or TLS is set up wrong: waiting will not help. */
  get refused(): boolean {
    const links: Link[] = [this.topics.state, ...this.sendLinks.map((link) => link.state)];
    return this.amqp.refused || links.some((link) => link.refused);
  }

  /**
   * Leaves the broker in order: cuts the routes, so that from now on messages for users of this node are unread, and
   * removes the node queue when nothing is left in it. What cannot be done in time is left to another relay's reaper.
   */
  async close(): Promise<void> {
    this.users.drain();
    const farewell = async () => {
      await this.mail.leave();
      if (!this.amqp.up) return;
      await this.amqp.use((connection) => this.place.cutRoutes(connection));
      const queue = nodeQueueName(this.incarnation.name);
      // What the broker says of its length is no proof (see Reaper). In an alarm there is none, and nothing is removed.
      if (!this.alarm.congested) {
        await this.nodeQueue.emptied(() => this.mail.inbox.tell('', queue, 'passed', queue));
      }
      await this.nodeQueue.close();
      if (this.alarm.congested || this.users.refusedLately) return;
      await this.amqp.use((connection) => removeNodeQueue(connection, queue));
    };
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS).unref());
    await Promise.race([farewell(), timeout]).catch((error: unknown) => {
      this.log.warn({ err: error }, 'the node queue is left to another relay');
    });
    void this.topics.close();
    for (const link of this.sendLinks) link.close();
    const closed = Promise.all([this.amqp.close(), this.mail.close()]);
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  }

  private get sendLimits(): SendLimits {
    const { RELAY_SEND_TIMEOUT: timeout, RELAY_MAX_QUEUED_BYTES: highWater } = this.config.env;
    return { timeout, highWater, alarm: this.alarm };
  }

  private link(name: string): LinkOptions {
    const { login, passcode, vhost, tls } = this.config.broker;
    return { name, url: this.webStomp.order(), login, passcode, vhost, tls, log: this.log };
  }
}

function part(up: boolean, error: string | undefined): { up: boolean; error?: string } {
  return up || error === undefined ? { up } : { up, error };
}
