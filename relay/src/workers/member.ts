import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { RANKS, type Taker } from './distributor.js';
import { type FromWorker, type ToWorker, type WorkerArguments, writeArguments } from './messages.js';

export interface MemberEvents {
  onMessage(message: FromWorker): void;
  /** It has ended. @param how its exit code, or the signal that ended it */
  onEnd(how: number | string): void;
}

/** A worker as the process sees it that started it. */
export class Member implements Taker {
  rank: number = RANKS.never;
  busy = false;
  load = 0;
  /** Its name among the relays, once it is ready. */
  node: string | undefined;
  /** Since when it is ready, in milliseconds since 1970. */
  readySince: number | undefined;
  /** Why it could not start, in its own words. */
  failure: string | undefined;
  private readonly child: ChildProcess;
  private leaving = false;

  /** @param program the module that is this program, whose process it starts */
  constructor(
    program: string,
    readonly place: WorkerArguments,
    private readonly events: MemberEvents,
  ) {
    this.child = fork(program, writeArguments(place));
    this.child.on('message', (message: FromWorker) => this.hear(message));
    let ended = false;
    const end = (how: number | string) => {
      if (ended) return;
      ended = true;
      this.rank = RANKS.never;
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

  tell(message: ToWorker): void {
    // One that has gone meanwhile hears nothing, and its end is noticed elsewhere.
    if (this.child.connected) this.child.send(message, () => {});
  }

  give(socket: Socket): void {
    this.busy = true;
    // From here on it is the worker's, and is cut with the worker.
    this.child.send({ type: 'connection' } satisfies ToWorker, socket, (error) => {
      if (error) socket.destroy();
    });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private hear(message: FromWorker): void {
    switch (message.type) {
      case 'open':
        if (!this.leaving) this.rank = RANKS.open;
        break;
      case 'ready':
        if (!this.leaving) this.rank = RANKS.ready;
        this.node = message.node;
        this.readySince = Date.now();
        break;
      case 'leaving':
        this.leaving = true;
        this.rank = Math.min(this.rank, RANKS.leaving);
        break;
      case 'closed':
        this.rank = RANKS.never;
        break;
      case 'failed':
        this.failure = message.message;
        break;
      case 'took':
        this.busy = false;
        this.load = message.sockets;
        break;
      case 'lost':
        this.load = message.sockets;
        break;
    }
    this.events.onMessage(message);
  }
}
