import { type ChildProcess, fork } from 'node:child_process';

/** What a load process offers: methods that take one argument and answer once. */
export type Api<T> = { [K in keyof T]: (argument: never) => unknown };

type Call = { id: number; method: string; argument: unknown };
type Reply = { id: number; result?: unknown; error?: string } | { event: string; data: unknown };

const NO_REPLY = 0;

/**
 * Child side: answers the calls of the parent until the parent goes. A load process never outlives the
 * benchmark, and leaves Ctrl-C to it, so that the order in which things stop is the parent's alone.
 */
export function serve<T extends Api<T>>(api: T): void {
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    const { id, method, argument } = message as Call;
    const handler = api[method as keyof T] as unknown as ((argument: unknown) => unknown) | undefined;
    Promise.resolve()
      .then(() => {
        if (!handler) throw new Error(`this process has no method ${method}`);
        return handler(argument);
      })
      .then(
        (result) => id !== NO_REPLY && process.send?.({ id, result }),
        (error: unknown) =>
          process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
      );
  });
}

/** Child side: tells the parent something that it did not ask for. */
export function emit(event: string, data: unknown): void {
  process.send?.({ event, data });
}

/** Parent side of one load process. */
export class Worker<T extends Api<T>> {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { done: (value: unknown) => void; fail: (e: Error) => void }>();
  private nextId = 1;
  private gone: Error | undefined;
  onEvent: (event: string, data: unknown) => void = () => {};

  constructor(readonly file: URL) {
    this.child = fork(file, [], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] });
    this.child.on('message', (message) => {
      const reply = message as Reply;
      if ('event' in reply) return this.onEvent(reply.event, reply.data);
      const entry = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (reply.error !== undefined) entry?.fail(new Error(reply.error));
      else entry?.done(reply.result);
    });
    this.child.on('error', (error) => this.lost(error));
    this.child.on('exit', (code, signal) => this.lost(new Error(`a load process ended (${signal ?? code})`)));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** @throws Error when the method failed, the process ended, or no answer came within `seconds`. */
  call<K extends keyof T & string>(
    method: K,
    argument: Parameters<T[K]>[0],
    seconds = 60,
  ): Promise<Awaited<ReturnType<T[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.gone) return reject(this.gone);
      const id = this.nextId++;
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`a load process did not finish "${method}" within ${seconds} s`));
      }, seconds * 1000);
      this.waiting.set(id, {
        done: (value) => {
          clearTimeout(timer);
          resolve(value as Awaited<ReturnType<T[K]>>);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.child.send({ id, method, argument } satisfies Call, (error) => error && this.lost(error));
    });
  }

  /** Like `call`, but nobody waits for an answer. */
  notify<K extends keyof T & string>(method: K, argument: Parameters<T[K]>[0]): void {
    if (!this.gone) this.child.send({ id: NO_REPLY, method, argument } satisfies Call, () => {});
  }

  /** Ends the process and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGKILL');
    await ended;
  }

  private lost(error: Error): void {
    this.gone ??= error;
    for (const { fail } of this.waiting.values()) fail(error);
    this.waiting.clear();
  }
}
