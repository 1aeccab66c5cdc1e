import type { ChannelModel } from 'amqplib';
import type { Logger } from '../logger.js';
import { TimeoutError, withTimeout } from '../util/timeout.js';
import { enterNode } from './directory-entries.js';
import type { Incarnation } from './incarnation.js';
import { isNotFound, openQuietly } from './probe.js';
import { declareNode, type NodeQueueType, nodeExchangeName, nodeQueueName } from './topology.js';

/** How long the broker may take over this relay's queue before that counts as broken, in milliseconds. */
const PATIENCE_MS = 4000;
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
    const channel = await openQuietly(connection);
    await channel.deleteExchange(nodeExchangeName(this.incarnation.name));
    await channel.close();
  }

  private abandon(connection: ChannelModel): void {
    const { name } = this.incarnation;
    this.incarnation.renew();
    this.declared = false;
    const bury = async () => {
      const channel = await openQuietly(connection);
      await channel.deleteExchange(nodeExchangeName(name));
      // Slow and not dead: it holds messages that were confirmed, and the reaper makes them unread.
      if (await answers(connection, name)) return;
      await (await openQuietly(connection)).deleteQueue(nodeQueueName(name));
    };
    // Should it fail, the reaper does the same.
    bury().catch(() => {});
  }
}

function isBroken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof TimeoutError || (typeof code === 'number' && code !== CONNECTION_FORCED);
}

/** Whether the queue says something within as long again. One that is not there says so. */
async function answers(connection: ChannelModel, name: string): Promise<boolean> {
  const channel = await openQuietly(connection);
  try {
    await withTimeout(channel.checkQueue(nodeQueueName(name)), PATIENCE_MS, 'the node queue');
    return true;
  } catch (error) {
    if (error instanceof TimeoutError) return false;
    throw error;
  }
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
