import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { RANKS, type Taker } from './distributor.js';
import {
  ALIVE_EVERY_MS,
  type FromWorker,
  type ToWorker,
  type WorkerArguments,
  writeArguments,
} from './messages.js';

/** How long a worker may take over a connection before others get them, in milliseconds. */
const PATIENCE_MS = 5000;
/**
 * How often in a row a worker may have said nothing, before it counts as hung: 30 s. Counted and not measured: on a machine
 * that was asleep nobody had a chance to say anything.
 */
const SILENCES_MOST = 15;

export interface MemberEvents {
  onMessage(message: FromWorker): void;
  /** It has not taken a connection in time, which is cut now. */
  onSilent(): void;
  /** Its event loop stands still, and its clients with it. */
  onHung(): void;
  /** It has ended. @param how its exit code, or the signal that ended it */
  onEnd(how: number | string): void;
}

/** A worker as the process sees it that started it. */
export class Member implements Taker {
  load = 0;
  /** Its name among the relays, once it is ready. */
  node: string | undefined;
  /** Since when it is ready, in milliseconds since 1970. */
  readySince: number | undefined;
  /** Why it could not start, in its own words. */
  failure: string | undefined;
  private readonly child: ChildProcess;
  private phase: number = RANKS.never;
  private isLeaving = false;
  private isSilent = false;
  private given: { id: number; socket: Socket; timer: NodeJS.Timeout } | undefined;
  private last = 0;
  private hasEnded = false;
  private silences = 0;
  private watch: NodeJS.Timeout | undefined;

  /** @param program the module that is this program, whose process it starts */
  constructor(
    program: string,
    readonly place: WorkerArguments,
    private readonly events: MemberEvents,
    private readonly aliveEvery = ALIVE_EVERY_MS,
  ) {
    this.child = fork(program, writeArguments(place));
    this.child.on('message', (message: FromWorker) => this.hear(message));
    const end = (how: number | string) => {
      if (this.hasEnded) return;
      this.hasEnded = true;
      this.phase = RANKS.never;
      clearInterval(this.watch);
      this.settle();
      events.onEnd(how);
    };
    this.child.on('error', (error) => {
      // Also comes when it cannot be told something, or killed: then its end comes too.
      if (this.child.pid === undefined) end(error.message);
    });
    this.child.on('exit', (code, signal) => end(code ?? signal ?? 'unknown'));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get busy(): boolean {
    return this.given !== undefined;
  }

  get rank(): number {
    return this.isLeaving || this.isSilent ? Math.min(this.phase, RANKS.leaving) : this.phase;
  }

  tell(message: ToWorker): void {
    // One that has gone meanwhile hears nothing, and its end is noticed elsewhere.
    if (this.child.connected) this.child.send(message, () => {});
  }

  give(socket: Socket): void {
    const id = ++this.last;
    const timer = setTimeout(() => this.missed(), PATIENCE_MS);
    timer.unref();
    this.given = { id, socket, timer };
    // Kept open until the worker has it: Node would neither give it back nor cut it when the worker dies before that.
    const message: ToWorker = { type: 'connection', id };
    this.child.send(message, socket, { keepOpen: true }, (error) => {
      if (error && this.given?.id === id) this.settle();
    });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private hear(message: FromWorker): void {
    this.silences = 0;
    if (message.type === 'alive') {
      // Not before the first: until then it is loading its program. What it said may come after its end.
      if (!this.hasEnded) this.watch ??= setInterval(() => this.look(), this.aliveEvery).unref();
      return;
    }
    this.isSilent = false;
    switch (message.type) {
      case 'open':
        this.phase = RANKS.open;
        break;
      case 'ready':
        this.phase = RANKS.ready;
        this.node = message.node;
        this.readySince = Date.now();
        break;
      case 'leaving':
        this.isLeaving = true;
        break;
      case 'closed':
        this.phase = RANKS.never;
        break;
      case 'failed':
        this.failure = message.message;
        break;
      case 'took':
        this.load = message.sockets;
        if (message.id === this.given?.id) this.settle();
        break;
      case 'lost':
        this.load = message.sockets;
        break;
    }
    this.events.onMessage(message);
  }

  private look(): void {
    if (++this.silences === SILENCES_MOST) this.events.onHung();
  }

  /** Lets go of the connection that it was given: it has it now, or never will. */
  private settle(): void {
    clearTimeout(this.given?.timer);
    this.given?.socket.destroy();
    this.given = undefined;
  }

  /** It hangs, or has no file descriptor left for another connection. */
  private missed(): void {
    this.isSilent = true;
    this.settle();
    this.events.onSilent();
  }
}
