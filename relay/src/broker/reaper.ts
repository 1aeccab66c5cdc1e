import type { Channel, ChannelModel } from 'amqplib';
import type { Logger } from '../logger.js';
import { withTimeout } from '../util/timeout.js';
import type { Directory } from './directory.js';
import { NODES } from './directory-entries.js';
import { openQuietly, Probe } from './probe.js';
import { nodeExchangeName, nodeQueueName } from './topology.js';

/** What is known of a node that this relay watches. */
interface Watched {
  probe: Probe;
  /** Being looked at, or cleared away. */
  busy: boolean;
  /** It had a consumer since this relay's connection was made. */
  seen: boolean;
  /** Since when it has had no consumer. */
  orphanSince?: number;
  /** Looks that the broker did not answer, in a row. */
  silent: number;
  /** Reads what is left in the queue, once the routes are cut. */
  reader?: Channel;
  emptySince?: number;
  /** Since when there is no queue. */
  missingSince?: number;
}

const LOOK_EVERY_MS = 200;
/** How long the broker may take over a queue. */
const ANSWER_MS = 5000;
/** Looks without an answer after which a node counts as dead. */
const SILENT_MOST = 6;
/** How long a relay may take to come back after the broker was away. */
const GRACE_AFTER_OUTAGE_MS = 4000;
/** What was refused leaves the queue a while later, and no count shows it. */
const REST_MS = 15_000;
const PREFETCH = 500;

/**
 * Clears away the nodes of dead relays. Whichever relay holds the directory's entries of the nodes looks which of them
 * have no consumer. Of such a one it deletes the exchange, which cuts every route to it in one step; what is in its
 * queue becomes unread; then the queue goes.
 *
 * Without it, a dead relay's queue would go on taking messages for users who are connected elsewhere by now, and they
 * would get each one twice; or for users who are gone, and what is in an expiring queue is lost.
 */
export class Reaper {
  private readonly watched = new Map<string, Watched>();
  private connection: ChannelModel | undefined;
  private timer: NodeJS.Timeout | undefined;
  private connectedBefore = false;
  /** Before this time nobody is taken for dead. */
  private notBefore = 0;

  constructor(
    private readonly directory: Directory,
    /** Milliseconds that a relay may be away. For that long, users who are back elsewhere get messages twice. */
    private readonly grace: number,
    private readonly onBuried: () => void,
    private readonly log: Logger,
  ) {}

  /** Runs on every connection. */
  async watch(connection: ChannelModel): Promise<void> {
    this.watched.clear();
    this.connection = connection;
    this.notBefore = this.connectedBefore ? Date.now() + GRACE_AFTER_OUTAGE_MS : 0;
    this.connectedBefore = true;
    connection.once('close', () => {
      if (this.connection === connection) this.connection = undefined;
    });
    this.schedule();
  }

  close(): void {
    this.connection = undefined;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.round(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  private round(): void {
    const { connection } = this;
    if (!connection) return;
    const held = new Set(this.directory.held(NODES));
    for (const node of this.watched.keys()) if (!held.has(node)) this.watched.delete(node);
    for (const node of held) {
      const watched = this.watched.get(node) ?? {
        ...{ probe: new Probe(connection), busy: false },
        ...{ seen: false, silent: 0 },
      };
      this.watched.set(node, watched);
      if (watched.busy) continue;
      watched.busy = true;
      // Side by side: a queue that does not answer must not keep the others waiting.
      this.look(connection, node, watched)
        .catch((error: Error) =>
          this.log.debug({ node, error: error.message }, 'a node could not be cleared'),
        )
        .finally(() => {
          watched.busy = false;
        });
    }
    this.schedule();
  }

  private async look(connection: ChannelModel, node: string, watched: Watched): Promise<void> {
    const state = await this.stateOf(connection, node, watched);
    if (state === 'gone') {
      const channel = await openQuietly(connection);
      await channel.deleteExchange(nodeExchangeName(node));
      await channel.close();
      await this.forget(node);
      return;
    }
    if (state === 'alive') {
      delete watched.orphanSince;
      // It has come back in the same moment.
      await watched.reader?.close();
      delete watched.reader;
      return;
    }
    const now = Date.now();
    watched.orphanSince ??= now;
    // Whoever was back after the outage and is gone again has not just been slow to return.
    if (!watched.seen && now < this.notBefore) return;
    if (now - watched.orphanSince < this.grace) return;
    if (!watched.reader) await this.bury(connection, node, watched);
    else if (watched.emptySince !== undefined && now - watched.emptySince > REST_MS) {
      await withTimeout(watched.reader.deleteQueue(nodeQueueName(node)), ANSWER_MS, 'deleting a node queue');
      await watched.reader.close();
      await this.forget(node);
    }
  }

  private async stateOf(
    connection: ChannelModel,
    node: string,
    watched: Watched,
  ): Promise<'alive' | 'orphan' | 'gone'> {
    try {
      const state = await withTimeout(watched.probe.look(nodeQueueName(node)), ANSWER_MS, 'a node queue');
      watched.silent = 0;
      // Entered and not declared yet, or removed in order.
      if (!state) {
        watched.missingSince ??= Date.now();
        return Date.now() - watched.missingSince > REST_MS ? 'gone' : 'alive';
      }
      delete watched.missingSince;
      if (state.messages === 0) watched.emptySince ??= Date.now();
      else delete watched.emptySince;
      if (state.consumers <= (watched.reader ? 1 : 0)) return 'orphan';
      watched.seen = true;
      return 'alive';
    } catch {
      // A queue without a leader answers nothing, and holds up whoever asks after it.
      watched.probe = new Probe(connection);
      return ++watched.silent < SILENT_MOST ? 'alive' : 'orphan';
    }
  }

  /** Cuts the routes, and has what is left become unread. */
  private async bury(connection: ChannelModel, node: string, watched: Watched): Promise<void> {
    this.log.info({ node }, 'a relay is gone; its users’ messages become unread');
    const queue = nodeQueueName(node);
    const channel = await openQuietly(connection);
    await channel.deleteExchange(nodeExchangeName(node));
    try {
      await channel.prefetch(PREFETCH);
      const reading = channel.consume(queue, (message) => {
        if (message) channel.nack(message, false, false);
      });
      await withTimeout(reading, ANSWER_MS, 'reading a node queue');
      watched.reader = channel;
      this.onBuried();
      delete watched.emptySince;
    } catch (error) {
      // It has no leader, or is gone already. Deleting it frees publishers who wait for its confirm.
      this.log.warn({ node, error: (error as Error).message }, 'a node queue cannot be read');
      openQuietly(connection)
        .then((other) => other.deleteQueue(queue))
        .catch(() => {});
      await this.forget(node);
    }
  }

  private async forget(node: string): Promise<void> {
    this.watched.delete(node);
    await this.directory.remove(`${NODES}.${node}`);
  }
}
