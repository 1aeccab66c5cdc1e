import { type ChildProcess, spawn } from 'node:child_process';
import type { Cleanup } from '../bench/environment.js';
import { Worker } from '../bench/rpc.js';
import type { CrowdTally, Received } from './load/protocol.js';
import type { UserPlan } from './load/user.js';
import type { Absence, UsersApi } from './load/users.js';

const OPEN_SECONDS = 90;

/** All users, spread over processes so that one of them can be stopped with its share of the users. */
export class Crowd {
  private readonly workers: Worker<UsersApi>[];
  private readonly freezers = new Set<ChildProcess>();

  constructor(
    processes: number,
    cleanup: Cleanup,
    private readonly users: readonly UserPlan[],
    onReceived: (received: Received) => void,
  ) {
    const file = new URL('./load/users.js', import.meta.url);
    this.workers = Array.from({ length: processes }, () => new Worker<UsersApi>(file));
    for (const worker of this.workers) worker.onEvent = (_, data) => onReceived(data as Received);
    cleanup.add(() => this.stop());
  }

  get processes(): number {
    return this.workers.length;
  }

  /** Connects everyone; resolves when all are subscribed. */
  async open(relays: string[], run: string, seed: number): Promise<void> {
    await this.each((worker, index) => {
      const users = this.users.filter((_, user) => user % this.workers.length === index);
      return worker.call('open', { users, relays, run, seed: seed + index }, OPEN_SECONDS);
    });
  }

  /** Destroys the sockets of up to `count` users of one process. @returns how many there were. */
  cut(index: number, first: number, count: number): Promise<number> {
    return this.worker(index).call('cut', { first, count });
  }

  /** Some users of a relay that has just died, of one process, stay away for a time. @returns how many. */
  stayAway(index: number, absence: Absence): Promise<number> {
    return this.worker(index).call('stayAway', absence);
  }

  /**
   * Stops one process (SIGSTOP) for a time. A process of its own does it, so that it goes on (SIGCONT) and can end
   * even when we are gone before.
   */
  async freeze(index: number, milliseconds: number): Promise<void> {
    const { pid } = this.worker(index);
    if (pid === undefined) throw new Error('a client process could not be started');
    const script = `kill -STOP ${pid} && sleep ${(milliseconds / 1000).toFixed(3)}; kill -CONT ${pid}`;
    const freezer = spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' });
    this.freezers.add(freezer);
    await new Promise<void>((resolve, reject) => {
      freezer.once('error', reject);
      freezer.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error('a client process could not be stopped')),
      );
    }).finally(() => this.freezers.delete(freezer));
  }

  /** Everyone leaves and comes back; resolves when all are subscribed. */
  async rejoin(): Promise<void> {
    await this.each((worker) => worker.call('rejoin', null, OPEN_SECONDS));
  }

  /** Everyone pulls what can be pulled now. @returns users who did not get to the end within `patience` milliseconds. */
  async pullAll(patience: number): Promise<number> {
    const seconds = (patience / 1000) * this.users.length + 30;
    const replies = await this.each((worker) => worker.call('pullAll', patience, seconds));
    return replies.reduce((sum, reply) => sum + reply.unfinished, 0);
  }

  /** Resolves when everything that came to a handler so far has been told. */
  flush(): Promise<CrowdTally[]> {
    return this.each((worker) => worker.call('flush', null));
  }

  async connected(): Promise<number> {
    const counts = await this.each((worker) => worker.call('connected', null));
    return counts.reduce((sum, part) => sum + part, 0);
  }

  async leave(): Promise<void> {
    await this.each((worker) => worker.call('leave', null));
  }

  private async stop(): Promise<void> {
    for (const freezer of this.freezers) freezer.kill('SIGKILL');
    await this.each((worker) => worker.stop());
  }

  private worker(index: number): Worker<UsersApi> {
    const worker = this.workers[index];
    if (!worker) throw new Error(`there is no client process ${index}`);
    return worker;
  }

  private each<R>(action: (worker: Worker<UsersApi>, index: number) => Promise<R>): Promise<R[]> {
    return Promise.all(this.workers.map(action));
  }
}
