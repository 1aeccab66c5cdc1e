import { BrokerAlarm } from '../broker/alarm.js';
import { AmqpConnection, WORKS_WITHIN_MS } from '../broker/connection.js';
import { Directory } from '../broker/directory.js';
import { countDropped } from '../broker/dropped.js';
import { Inbox } from '../broker/inbox.js';
import { Keeper } from '../broker/keeper.js';
import { Mailboxes } from '../broker/mailboxes.js';
import { Reaper } from '../broker/reaper.js';
import { RevocationLog } from '../broker/revocation-log.js';
import { declareShared } from '../broker/topology.js';
import { mailboxType, type RelayConfig } from '../config.js';
import type { Logger } from '../logger.js';
import type { UnreadMetrics } from '../metrics.js';
import { Changes } from '../unread/changes.js';
import { Unread } from '../unread/unread.js';
import type { Spread } from '../util/rotation.js';

/** How long a relay of a cluster may be away at least, in milliseconds. */
const GRACE_IN_A_CLUSTER_MS = 4000;

/**
 * Everything about unread mail that leads to the broker, and what relays tell each other. It has AMQP connections of its own:
 * when the broker is short of memory or disk it stops reading from publishers, and live messages must not wait for that,
 * nor those who fetch what is unread.
 */
export class Mail {
  readonly unread: Unread;
  /** Whether the broker is short of memory or disk. */
  readonly alarm: BrokerAlarm;
  /** Everything that publishes, and what only the keeper needs. */
  private readonly amqp: AmqpConnection;
  /** Mailboxes as their readers see them: never published on, so that it goes on in an alarm of the broker. */
  private readonly reading: AmqpConnection;
  readonly inbox: Inbox;
  readonly revocations: RevocationLog;
  private readonly changes: Changes;
  private readonly keeper: Keeper;
  private readonly directory: Directory;
  private readonly reaper: Reaper;

  constructor(
    { env, broker }: RelayConfig,
    brokers: Spread,
    node: string,
    log: Logger,
    metrics: UnreadMetrics,
  ) {
    this.amqp = new AmqpConnection(brokers.order(), log, `relay ${node} unread`, broker.tls);
    this.reading = new AmqpConnection(brokers.order(), log, `relay ${node} mailboxes`, broker.tls);
    this.alarm = new BrokerAlarm((reason) => {
      if (reason === undefined)
        log.info('the broker has enough memory and disk again: clients that send go on');
      else log.warn({ reason }, 'the broker is short of memory or disk: clients that send wait');
    });
    const onBroken = (error: Error) => this.amqp.reset(error);
    const onDropped = (reason: string) => metrics.discarded.inc({ reason });
    const mailboxes = new Mailboxes();
    this.inbox = new Inbox(onBroken, this.alarm);
    this.revocations = new RevocationLog(onBroken, log);
    this.directory = new Directory(this.inbox, onBroken);
    this.changes = new Changes(this.inbox);
    // What the dead relay had leased is unread again, and nobody else says so.
    const onBuried = () => this.inbox.tellAll('missed', null);
    const passed = (queue: string, key: string) => this.inbox.ask('', queue, 'passed', key);
    // One that loses its broker is away for as long as its queue takes to find another leader.
    const grace = Math.max(env.RELAY_NODE_GRACE, broker.clustered ? GRACE_IN_A_CLUSTER_MS : 0);
    const connect = () => this.amqp.another();
    this.reaper = new Reaper(this.directory, connect, grace, passed, onBuried, log);
    this.keeper = new Keeper(
      {
        prefetch: env.RELAY_INTAKE_PREFETCH,
        nodeTtl: env.RELAY_NODE_TTL,
        mailboxes: {
          type: mailboxType(env),
          expires: env.RELAY_MAILBOX_EXPIRES,
          age: env.RELAY_MAILBOX_AGE,
          length: env.RELAY_MAILBOX_LENGTH,
          bytes: env.RELAY_MAILBOX_BYTES,
        },
      },
      this.directory,
      {
        onChanged: (key) => {
          const dot = key.indexOf('.');
          this.changes.changed(key.slice(0, dot), key.slice(dot + 1));
        },
        onStored: () => metrics.stored.inc(),
        onDropped,
        onRejected: () => metrics.rejected.inc(),
        onBroken,
      },
      log,
    );
    this.unread = new Unread(
      mailboxes,
      this.directory,
      this.inbox,
      this.changes,
      { leaseTime: env.RELAY_LEASE_TIME, maxLeases: env.RELAY_MAX_LEASES },
      metrics,
    );
    this.inbox.on('changed', (body) => {
      const { userWord, rests } = body as { userWord: string; rests: string[] };
      this.changes.received(userWord, rests);
    });
    this.inbox.on('missed', () => this.changes.missed());
    // First: what comes after it may publish, and would wait for the end of an alarm that nobody knows of.
    this.amqp.onConnect((connection) => this.alarm.watch(connection));
    this.amqp.onConnect(declareShared, WORKS_WITHIN_MS);
    this.amqp.onConnect((connection) => this.revocations.open(connection));
    this.amqp.onConnect((connection) => this.inbox.open(connection), WORKS_WITHIN_MS);
    this.amqp.onConnect((connection) => this.directory.consume(connection), WORKS_WITHIN_MS);
    this.amqp.onConnect((connection) => this.keeper.consume(connection), WORKS_WITHIN_MS);
    this.amqp.onConnect((connection) => countDropped(connection, onDropped));
    this.amqp.onConnect((connection) => this.reaper.watch(connection));
    // Nobody can acknowledge any more what was leased by the name of the last connection.
    this.amqp.onConnect(async () => this.unread.leases.giveBackAll());
    this.reading.onConnect((connection) => mailboxes.open(connection));
    // Ours was lost as well, as far as others are concerned.
    this.amqp.onConnect(async () => this.inbox.tellAll('missed', null));
  }

  get up(): boolean {
    return this.amqp.up && this.reading.up;
  }

  /** How often both of its connections together have come up. */
  get connects(): number {
    return this.amqp.connects + this.reading.connects;
  }

  get lastError(): Error | undefined {
    return this.amqp.lastError ?? this.reading.lastError;
  }

  async open(): Promise<void> {
    await Promise.all([this.amqp.open(), this.reading.open()]);
  }

  /** Finishes what was begun: another relay takes over. */
  async leave(): Promise<void> {
    if (!this.amqp.up) return;
    this.unread.leases.giveBackAll();
    await this.keeper.close();
  }

  async close(): Promise<void> {
    this.changes.close();
    this.directory.close();
    this.reaper.close();
    this.revocations.close();
    this.alarm.close();
    await Promise.all([this.amqp.close(), this.reading.close()]);
  }
}
