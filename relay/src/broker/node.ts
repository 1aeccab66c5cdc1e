import type { ChannelModel } from 'amqplib';
import type { Logger } from '../logger.js';
import { TimeoutError, withTimeout } from '../util/timeout.js';
import { enterNode } from './directory-entries.js';
import type { Incarnation } from './incarnation.js';
import { isNotFound, openQuietly } from './probe.js';
import { declareNode, type NodeQueueType, nodeExchangeName } from './topology.js';

/** How long the broker may take over this relay's queue before that counts as broken, in milliseconds. */
const PATIENCE_MS = 4000;
/** How often a relay looks whether its routes are there, in milliseconds. */
const WATCH_MS = 10_000;
/** AMQP's reply code for a connection that the broker was told to close (AMQP 0-9-1, Reply codes). */
const CONNECTION_FORCED = 320;

export interface NodeOptions {
  type: NodeQueueType;
  /** Milliseconds after which a message that nobody takes becomes unread. */
  ttl: number;
}

/** This relay's place at the broker: the exchange that routes lead to, and the queue behind it. */
export class NodePlace {
  private declared = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly incarnation: Incarnation,
    private readonly options: NodeOptions,
    private readonly log: Logger,
  ) {}

  /** Runs on every connection, first: makes the place, or another one when it was cleared away. */
  async declare(connection: ChannelModel): Promise<void> {
    if (this.declared && !(await hasExchange(connection, this.incarnation.name))) this.incarnation.renew();
    const { name } = this.incarnation;
    // The entry first: a place that nobody knows of would be fed for ever when this process dies.
    await enterNode(connection, name);
    await this.guarded(connection, declareNode(connection, name, this.options.type, this.options.ttl));
    this.declared = true;
  }

  /**
   * Does something that needs the queue, and gives the place up when it cannot be done.
   *
   * A quorum queue that was declared in the second before the broker was killed can come back without a leader (seen on
   * 3.10): it never answers, and publishers to its users would never get a confirm.
   */
  async guarded<T>(connection: ChannelModel, work: Promise<T>): Promise<T> {
    try {
      return await withTimeout(work, PATIENCE_MS, 'the node queue');
    } catch (error) {
      if (isBroken(error)) {
        this.log.warn({ error: (error as Error).message }, 'the node queue is given up for another one');
        this.abandon(connection);
      }
      throw error;
    }
  }

  /** Cuts all routes to this relay at once: from now on, messages for its users are unread. */
  async cutRoutes(connection: ChannelModel): Promise<void> {
    clearInterval(this.timer);
    await cutRoutes(connection, this.incarnation.name);
  }

  /**
   * Runs on every connection, last: notices when others have cut the routes although this relay was there all the time, because its
   * queue was without a leader or nobody knows why.
   */
  async watch(connection: ChannelModel, onCut: (error: Error) => void): Promise<void> {
    clearInterval(this.timer);
    const look = async () => {
      if (await hasExchange(connection, this.incarnation.name)) return;
      clearInterval(this.timer);
      onCut(new Error('the routes to this relay were cut'));
    };
    // Of a connection that is lost nothing more can be learned.
    this.timer = setInterval(() => look().catch(() => {}), WATCH_MS);
    this.timer.unref();
    connection.once('close', () => clearInterval(this.timer));
  }

  private abandon(connection: ChannelModel): void {
    const { name } = this.incarnation;
    this.incarnation.renew();
    this.declared = false;
    // The queue is the reaper's: it may hold messages that were confirmed, and to delete it confirms those that are on their
    // way into it. Without the exchange, what is published from now on does not wait for it.
    cutRoutes(connection, name).catch(() => {});
  }
}

function isBroken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof TimeoutError || (typeof code === 'number' && code !== CONNECTION_FORCED);
}

/** Cuts all routes to a relay in one step. */
export async function cutRoutes(connection: ChannelModel, name: string): Promise<void> {
  const channel = await openQuietly(connection);
  await channel.deleteExchange(nodeExchangeName(name));
  await channel.close();
}

async function hasExchange(connection: ChannelModel, name: string): Promise<boolean> {
  const channel = await openQuietly(connection);
  try {
    await channel.checkExchange(nodeExchangeName(name));
    await channel.close();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
