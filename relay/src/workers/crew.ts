import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayConfig } from '../config.js';
import { addressOf, listen } from '../listen.js';
import type { Logger } from '../logger.js';
import { Backoff } from '../util/backoff.js';
import { Distributor, RANKS } from './distributor.js';
import { Member } from './member.js';
import type { FromWorker, Standing } from './messages.js';
import { socketFile } from './passing.js';
import { Scrapes } from './scrapes.js';

/** A worker that was ready for so long is replaced as if it had been the first, in milliseconds. */
const STEADY_MS = 10_000;
/** Longest time between two attempts to replace a worker. */
const BACKOFF_MOST_MS = 10_000;
/** What the address of a socket may have (sun_path of unix(7)), less what is behind the folder. */
const LONGEST_PATH = 107;

export interface CrewOptions {
  /** The module that is this program. */
  readonly program: string;
  /** Milliseconds that a worker may take to leave before it is killed. */
  readonly patience: number;
}

/** Somebody who serves the port, as is told to whoever started this process. */
export interface Hand {
  readonly worker: number;
  readonly pid: number;
  readonly node: string;
}

/**
 * The first process of a relay with several workers. It owns the port, gives each connection to one of them, starts another
 * for one that dies, and ends with them. It reads nothing of a client's and has no connection to the broker, so that
 * nothing a client or the broker does can bring it down, and the port is there as long as it is.
 *
 * Not Node's `cluster`: there the port is gone while no worker is; a connection that is on its way to a worker which dies
 * is neither cut nor answered, and its client waits for ever; and one that finds all workers full is handed round without end.
 */
export class Crew {
  private readonly members = new Map<number, Member>();
  private readonly backoffs = new Map<number, Backoff>();
  private readonly restarts = new Set<NodeJS.Timeout>();
  private readonly distributor: Distributor;
  private readonly scrapes = new Scrapes(() => this.standing);
  private readonly server: Server;
  private port = 0;
  private leaving = false;
  private failed = 0;
  /** How many workers were ready when they were last told. */
  private announced = 0;
  private readonly gone: (() => void)[] = [];

  private constructor(
    private readonly config: RelayConfig,
    private readonly options: CrewOptions,
    private readonly log: Logger,
    private readonly folder: string,
  ) {
    const { RELAY_MAX_CONNECTIONS: room } = config.env;
    this.distributor = new Distributor(() => [...this.members.values()], room);
    // Not a byte is read here: the worker gets them all.
    this.server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) =>
      this.distributor.take(socket),
    );
  }

  /** Takes the port. @throws Error when it, or a folder for what workers say to each other, cannot be had */
  static async open(config: RelayConfig, log: Logger, options: CrewOptions): Promise<Crew> {
    const crew = new Crew(config, options, log, makeFolder(config.env.RELAY_WORKERS));
    try {
      crew.port = await listen(crew.server, config.env.RELAY_HOST, config.env.RELAY_PORT);
    } catch (error) {
      crew.clear();
      throw error;
    }
    return crew;
  }

  get url(): string {
    return addressOf(this.config.env, this.port);
  }

  get hands(): Hand[] {
    return [...this.members.values()].map(({ place, pid, node = '' }) => ({ worker: place.slot, pid, node }));
  }

  /**
   * Starts the workers, and resolves once all are ready. The first goes ahead: what keeps it from starting, a setting or
   * the broker, would keep all of them, and is to be said once.
   * @throws Error when the first cannot start, with its reason; everything has ended then
   */
  async start(): Promise<void> {
    try {
      await this.begin(0, true);
    } catch (error) {
      if (!this.leaving) this.clear();
      throw error;
    }
    const others = Array.from({ length: this.config.env.RELAY_WORKERS - 1 }, (_, index) => index + 1);
    await Promise.all(others.map((slot) => this.begin(slot, false)));
    this.log.info({ port: this.port, workers: this.config.env.RELAY_WORKERS }, 'workers ready');
  }

  /**
   * Has all workers leave, at once when it is asked again. What they need for it is their affair: only one that is still
   * there after `patience` is killed.
   */
  leave(reason: string): void {
    const again = this.leaving;
    this.leaving = true;
    this.log.info({ reason, again }, 'workers are told to leave');
    for (const timer of this.restarts) clearTimeout(timer);
    for (const member of this.members.values()) {
      member.tell({ type: 'leave', again });
      if (again) continue;
      const timer = setTimeout(() => {
        this.log.error(
          { worker: member.place.slot, pid: member.pid },
          'a worker does not leave; it is killed',
        );
        member.kill();
      }, this.options.patience);
      timer.unref();
    }
    this.settle();
  }

  /** Resolves when all workers have left, with whether all did so in order. */
  async over(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      this.gone.push(resolve);
      this.settle();
    });
    return this.failed === 0;
  }

  private get standing(): Standing {
    const ready = [...this.members.values()].filter(({ rank }) => rank === RANKS.ready);
    return { ready: ready.length, of: this.config.env.RELAY_WORKERS };
  }

  /** Starts a worker; resolves when it is ready. @param must reject, and do not try again, when it ends before that */
  private begin(slot: number, must: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const place = { slot, of: this.config.env.RELAY_WORKERS, port: this.port, folder: this.folder };
      const member: Member = new Member(this.options.program, place, {
        onMessage: (message) => {
          this.hear(member, message);
          if (message.type === 'ready') resolve();
          if (message.type === 'failed') member.kill();
        },
        onSilent: () => {
          this.log.warn(
            { worker: slot, pid: member.pid },
            'a worker takes no connections; the others get them',
          );
          this.distributor.pass();
          this.announce();
        },
        onHung: () => {
          this.log.error({ worker: slot, pid: member.pid }, 'a worker hangs; it is killed');
          member.kill();
        },
        onEnd: (how) => {
          this.members.delete(slot);
          this.distributor.pass();
          if (this.leaving) this.note(how);
          else if (must && member.readySince === undefined) {
            reject(new Error(member.failure ?? `a worker ended before it was ready (${how})`));
          } else this.replace(member, how, resolve);
        },
      });
      this.members.set(slot, member);
    });
  }

  private hear(member: Member, message: FromWorker): void {
    switch (message.type) {
      case 'scrape':
        void this.scrapes
          .page([...this.members.values()])
          .then((text) => member.tell({ type: 'page', text }));
        break;
      case 'figures':
        this.scrapes.answer(member, message.figures);
        break;
      case 'ready':
        this.log.info({ worker: member.place.slot, pid: member.pid, node: member.node }, 'worker ready');
        break;
    }
    // Whatever it said, it may take connections now that it did not take before.
    this.distributor.pass();
    this.announce();
  }

  private replace(member: Member, how: number | string, onReady: () => void): void {
    const { slot } = member.place;
    const { failure: error, node, pid } = member;
    this.log.error({ worker: slot, pid, node, how, error }, 'a worker has ended; another takes its place');
    this.announce();
    void this.scrapes.retire(member);
    const backoff = this.backoffs.get(slot) ?? new Backoff(100, BACKOFF_MOST_MS);
    this.backoffs.set(slot, backoff);
    if (member.readySince !== undefined && Date.now() - member.readySince >= STEADY_MS) backoff.reset();
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      void this.begin(slot, false).then(onReady);
    }, backoff.next());
    this.restarts.add(timer);
  }

  private announce(): void {
    const standing = this.standing;
    if (standing.ready === this.announced) return;
    this.announced = standing.ready;
    for (const member of this.members.values()) member.tell({ type: 'standing', ...standing });
  }

  /** One that was told to leave has ended. */
  private note(how: number | string): void {
    // One that dies of the signal has just been started, and had nothing to put in order.
    if (how !== 0 && how !== 'SIGTERM') this.failed++;
    this.settle();
  }

  private settle(): void {
    if (!this.leaving) return;
    if (this.members.size > 0) return;
    this.clear();
    for (const resolve of this.gone.splice(0)) resolve();
  }

  private clear(): void {
    this.server.close();
    this.distributor.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Nobody else may speak to workers, who believe what they are told there. */
function makeFolder(workers: number): string {
  const prefix = join(tmpdir(), 'stomp-relay-');
  let folder: string;
  try {
    folder = mkdtempSync(prefix);
    chmodSync(folder, 0o700);
  } catch (error) {
    throw new Error(
      `RELAY_WORKERS needs a folder for sockets, and TMPDIR has no room for it: ${(error as Error).message}`,
    );
  }
  if (Buffer.byteLength(socketFile(folder, workers)) > LONGEST_PATH) {
    rmSync(folder, { recursive: true });
    throw new Error(
      `RELAY_WORKERS needs a folder for sockets with a shorter name than ${folder}: set TMPDIR`,
    );
  }
  return folder;
}
