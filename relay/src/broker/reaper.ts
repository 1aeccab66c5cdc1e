import type { ChannelModel } from 'amqplib';
import type { Logger } from '../logger.js';
import { TimeoutError, withTimeout } from '../util/timeout.js';
import type { Directory } from './directory.js';
import { NODES } from './directory-entries.js';
import { Leftovers } from './leftovers.js';
import { cutRoutes } from './node.js';
import { isNotFound, Probe, type QueueState } from './probe.js';
import { names, nodeQueueName } from './topology.js';

/** What is known of a node that this relay watches. */
interface Watched {
  probe: Probe;
  /** Being looked at, or cleared away. */
  busy: boolean;
  /** It had a consumer since this relay's connection was made. */
  seen: boolean;
  /** The look that the broker has not answered yet. */
  asked?: Promise<QueueState | undefined> | undefined;
  /** Since when it has had no consumer. */
  orphanSince?: number;
  /** Somebody who knows the queue has said so: of one without a leader it is never said that something is in it. */
  certain: boolean;
  /** The attempt to read its queue that the broker has not answered yet. */
  opening?: Promise<void> | undefined;
  leftovers?: Leftovers | undefined;
  /** Since when its queue cannot be read, or what is said of it cannot be true. */
  unreadableSince?: number | undefined;
  /** When reading it is tried again. */
  readAgainAt: number;
  /** Nothing leads to its queue any more. */
  cut: boolean;
  /** What is in its queue becomes unread. */
  buried: boolean;
  emptySince?: number | undefined;
  /** Since when there is no queue. */
  missingSince?: number;
}

type State = 'alive' | 'orphan' | 'unsure' | 'gone';

const LOOK_EVERY_MS = 200;
/** How long the broker may take over a queue before that is left for later. */
const ANSWER_MS = 5000;
/** How long a queue may be unreadable before nothing more is to get into it. */
const UNREADABLE_MS = 5000;
const READ_AGAIN_MS = 3000;
/** How long a relay may take to come back after the broker was away. */
const GRACE_AFTER_OUTAGE_MS = 4000;
/** What was refused leaves the queue a while later, and no count shows it; what was routed to it before can still come. */
const REST_MS = 15_000;

/**
 * Clears away the nodes of dead relays. Whichever relay holds the directory's entries of the nodes looks which of them
 * have no consumer. Of such a one it deletes the exchange, which cuts every route to it in one step; what is in its
 * queue becomes unread; then the queue goes.
 *
 * Without it, a dead relay's queue would go on taking messages for users who are connected elsewhere by now, and they
 * would get each one twice; or for users who are gone, and what is in an expiring queue is lost.
 *
 * What the broker says of a queue is not trusted: of a quorum queue that has no leader, or does not answer within 250 ms, it
 * says that it is empty and that nobody reads it. And a queue that is deleted loses what is in it, with the publishers'
 * messages that were still on their way confirmed. So a queue is read before anything is done, and deleted only when
 * something that went through it behind everything else has reached the keeper. Until then it stays, for as long as it takes.
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
    /** Opens a connection for one queue. */
    private readonly connect: () => Promise<ChannelModel>,
    /** Milliseconds that a relay may be away. For that long, users who are back elsewhere get messages twice. */
    private readonly grace: number,
    /** Asks the keeper by way of a queue; resolves when all that was in it before has got to the keeper. */
    private readonly passed: (queue: string, key: string) => Promise<unknown>,
    private readonly onBuried: () => void,
    private readonly log: Logger,
  ) {}

  /** Runs on every connection. */
  async watch(connection: ChannelModel): Promise<void> {
    this.letAllGo();
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
    this.letAllGo();
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
    for (const [node, watched] of this.watched) {
      if (held.has(node)) continue;
      this.watched.delete(node);
      letGo(watched);
    }
    for (const node of held) {
      const watched = this.watched.get(node) ?? {
        ...{ probe: new Probe(connection), busy: false, seen: false },
        ...{ certain: false, cut: false, buried: false, readAgainAt: 0 },
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
    if (watched.leftovers?.over) letGo(watched);
    const state = await this.stateOf(node, watched);
    if (state === 'gone') {
      await cutRoutes(connection, node);
      await this.forget(node);
      return;
    }
    const now = Date.now();
    if (state === 'unsure') {
      watched.unreadableSince ??= now;
      if (now - watched.unreadableSince > UNREADABLE_MS) {
        letGo(watched);
        watched.readAgainAt = now + READ_AGAIN_MS;
      }
      return;
    }
    if (state === 'alive') {
      delete watched.orphanSince;
      watched.unreadableSince = undefined;
      // It has come back in the same moment.
      letGo(watched);
      return;
    }
    watched.orphanSince ??= now;
    // Whoever was back after the outage and is gone again has not just been slow to return.
    if (!watched.seen && now < this.notBefore) return;
    if (now - watched.orphanSince < this.grace) return;
    // At once, without reading first: each message that still gets there comes twice to whoever is back elsewhere.
    if (watched.certain && !watched.cut) {
      await cutRoutes(connection, node);
      watched.cut = true;
    }
    if (!watched.leftovers) {
      if (now < watched.readAgainAt) return;
      await this.read(connection, node, watched);
      // Nobody but us? The next look tells, with our own consumer to tell a true answer by.
      if (watched.leftovers) await this.look(connection, node, watched);
    } else if (!watched.buried) await this.bury(connection, node, watched, watched.leftovers);
    else if (watched.emptySince !== undefined && now - watched.emptySince > REST_MS) {
      await this.remove(node, watched, watched.leftovers);
    }
  }

  private async stateOf(node: string, watched: Watched): Promise<State> {
    const own = watched.leftovers?.consumers ?? 0;
    let state: QueueState | undefined;
    try {
      // One question at a time: each that is not answered holds up a channel.
      watched.asked ??= watched.probe.look(nodeQueueName(node)).finally(() => {
        watched.asked = undefined;
      });
      state = await withTimeout(watched.asked, ANSWER_MS, 'a node queue');
    } catch {
      return own === 0 ? 'orphan' : 'unsure';
    }
    // Entered and not declared yet, or removed in order.
    if (!state) {
      watched.missingSince ??= Date.now();
      return Date.now() - watched.missingSince > REST_MS ? 'gone' : 'alive';
    }
    delete watched.missingSince;
    watched.certain = state.messages > 0 && state.consumers === 0;
    if (state.messages > 0 || state.consumers < own) watched.emptySince = undefined;
    else watched.emptySince ??= Date.now();
    if (state.consumers < own) return 'unsure';
    if (own > 0) watched.unreadableSince = undefined;
    if (state.consumers === own) return 'orphan';
    watched.seen = true;
    return 'alive';
  }

  /** Begins to read the queue, if that is possible. */
  private async read(connection: ChannelModel, node: string, watched: Watched): Promise<void> {
    watched.opening ??= this.connect()
      .then((own) => Leftovers.open(own, nodeQueueName(node)))
      .then((leftovers) => {
        // Meanwhile this relay may have lost its connection, and all that it watched with it.
        if (this.watched.get(node) === watched) watched.leftovers = leftovers;
        else leftovers.close();
      })
      .finally(() => {
        watched.opening = undefined;
      });
    try {
      await withTimeout(watched.opening, ANSWER_MS, 'reading a node queue');
    } catch (error) {
      watched.readAgainAt = Date.now() + READ_AGAIN_MS;
      if (isNotFound(error)) return;
      watched.unreadableSince ??= Date.now() - (error instanceof TimeoutError ? ANSWER_MS : 0);
      if (watched.cut || Date.now() - watched.unreadableSince < UNREADABLE_MS) return;
      // Where nothing has a leader, what is published would wait elsewhere just the same.
      await this.passed(names.intake, nodeQueueName(node));
      await cutRoutes(connection, node);
      watched.cut = true;
      const { message } = error as Error;
      this.log.warn({ node, error: message }, 'a node queue cannot be read; it is kept until it can be');
    }
  }

  /** Cuts the routes, and has what is left become unread. */
  private async bury(
    connection: ChannelModel,
    node: string,
    watched: Watched,
    leftovers: Leftovers,
  ): Promise<void> {
    this.log.info({ node }, 'a relay is gone; its users’ messages become unread');
    await cutRoutes(connection, node);
    await leftovers.refuseAll();
    watched.buried = true;
    watched.emptySince = undefined;
    this.onBuried();
  }

  /** Removes the queue, if everything that was in it has become unread. */
  private async remove(node: string, watched: Watched, leftovers: Leftovers): Promise<void> {
    watched.emptySince = undefined;
    const queue = nodeQueueName(node);
    await this.passed(queue, queue);
    await withTimeout(leftovers.deleteQueue(), ANSWER_MS, 'deleting a node queue');
    leftovers.close();
    await this.forget(node);
  }

  private letAllGo(): void {
    for (const watched of this.watched.values()) letGo(watched);
    this.watched.clear();
  }

  private async forget(node: string): Promise<void> {
    this.watched.delete(node);
    await this.directory.remove(`${NODES}.${node}`);
  }
}

/** Reads no longer; what was taken and not refused goes back. */
function letGo(watched: Watched): void {
  watched.leftovers?.close();
  watched.leftovers = undefined;
  watched.buried = false;
  watched.emptySince = undefined;
}
