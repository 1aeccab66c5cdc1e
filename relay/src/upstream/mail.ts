import { AmqpConnection } from '../broker/connection.js';
import { Directory } from '../broker/directory.js';
import { countDropped } from '../broker/dropped.js';
import { Inbox } from '../broker/inbox.js';
import { Keeper } from '../broker/keeper.js';
import { Mailboxes } from '../broker/mailboxes.js';
import { Reaper } from '../broker/reaper.js';
import { declareShared, names } from '../broker/topology.js';
import type { RelayConfig } from '../config.js';
import type { Logger } from '../logger.js';
import type { UnreadMetrics } from '../metrics.js';
import { Changes } from '../unread/changes.js';
import { Unread } from '../unread/unread.js';

/**
 * Everything about unread mail that leads to the broker. It has an AMQP connection of its own, because it publishes: when
 * the broker is short of memory or disk it stops reading from publishers, and live messages must not wait for that.
 */
export class Mail {
  readonly unread: Unread;
  private readonly amqp: AmqpConnection;
  private readonly inbox: Inbox;
  private readonly changes: Changes;
  private readonly keeper: Keeper;
  private readonly directory: Directory;
  private readonly reaper: Reaper;

  constructor({ env, broker }: RelayConfig, node: string, log: Logger, metrics: UnreadMetrics) {
    this.amqp = new AmqpConnection(broker.amqpUrl, log, `relay ${node} unread`);
    const onBroken = (error: Error) => this.amqp.reset(error);
    const onDropped = (reason: string) => metrics.discarded.inc({ reason });
    const mailboxes = new Mailboxes();
    this.inbox = new Inbox(onBroken);
    this.directory = new Directory(this.inbox, onBroken);
    this.changes = new Changes(this.inbox);
    // What the dead relay had leased is unread again, and nobody else says so.
    const onBuried = () => this.inbox.tell(names.control, '', 'missed', null);
    this.reaper = new Reaper(this.directory, env.RELAY_NODE_GRACE, onBuried, log);
    this.keeper = new Keeper(
      {
        prefetch: env.RELAY_INTAKE_PREFETCH,
        nodeTtl: env.RELAY_NODE_TTL,
        mailboxes: {
          type: env.RELAY_MAILBOX_TYPE,
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
    this.amqp.onConnect(declareShared);
    this.amqp.onConnect((connection) => this.inbox.open(connection));
    this.amqp.onConnect((connection) => mailboxes.open(connection));
    this.amqp.onConnect((connection) => this.directory.consume(connection));
    this.amqp.onConnect((connection) => this.keeper.consume(connection));
    this.amqp.onConnect((connection) => countDropped(connection, onDropped));
    this.amqp.onConnect((connection) => this.reaper.watch(connection));
    // Ours was lost as well, as far as others are concerned.
    this.amqp.onConnect(async () => this.inbox.tell(names.control, '', 'missed', null));
  }

  get up(): boolean {
    return this.amqp.up;
  }

  get lastError(): Error | undefined {
    return this.amqp.lastError;
  }

  open(): Promise<void> {
    return this.amqp.open();
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
    await this.amqp.close();
  }
}
