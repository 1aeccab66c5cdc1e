import type { ClientsApi, FinishReply } from './load/clients.js';
import type { PublisherApi } from './load/publisher.js';
import type { ClientPlan } from './load/stomp-client.js';
import { Worker } from './rpc.js';

export interface Run {
  exchange: string;
  keys: string[];
  seconds: number;
  rate?: number;
  /** Messages published and not yet delivered to all that are to get them. */
  window: number;
  /** True when every client is to get every message, false when the keys stand for the clients in order. */
  toAll: boolean;
  timed?: boolean;
}

export interface RunResult {
  published: number;
  delivered: number;
  /** From the first publish to the last delivery. */
  seconds: number;
  latencies: Float64Array;
  /** Share of a core that the busiest generator used. */
  generatorCpu: number;
  duplicates: number;
}

const PATIENCE_SECONDS = 15;

/** The load: one or more processes full of clients and one that publishes, all told what to do from here. */
export class Swarm {
  private constructor(
    private readonly generators: Worker<ClientsApi>[],
    private readonly publisher: Worker<PublisherApi>,
    private readonly bodyBytes: number,
  ) {}

  private sizes: number[] = [];

  static async start(amqpUrl: string, processes: number, bodyBytes: number): Promise<Swarm> {
    const file = new URL('./load/clients.js', import.meta.url);
    const generators = Array.from({ length: processes }, () => new Worker<ClientsApi>(file));
    const publisher = new Worker<PublisherApi>(new URL('./load/publisher.js', import.meta.url));
    const swarm = new Swarm(generators, publisher, bodyBytes);
    try {
      await publisher.call('open', amqpUrl);
    } catch (error) {
      await swarm.stop();
      throw error;
    }
    return swarm;
  }

  /** Connects and subscribes all of them, beside those that are there already. @returns seconds from the first connect to the last receipt. */
  async connect(plans: ClientPlan[], concurrency = 64): Promise<number> {
    const parts = split(plans, this.generators.length);
    this.sizes = parts.map((part, index) => part.length + (this.sizes[index] ?? 0));
    const share = Math.ceil(concurrency / this.generators.length);
    const replies = await this.each((worker, index) =>
      worker.call(
        'connectAll',
        { plans: parts[index] ?? [], concurrency: share, bodyBytes: this.bodyBytes },
        180,
      ),
    );
    return Math.max(...replies.map((reply) => reply.seconds));
  }

  /** Publishes, waits until everything has arrived, and checks that it has. */
  async run(run: Run): Promise<RunResult> {
    const { exchange, keys, seconds, window, rate, toAll, timed = false } = run;
    const clients = this.sizes.reduce((sum, size) => sum + size, 0);
    await this.each((worker) => worker.call('begin', { timed, inspectEvery: Math.ceil(clients / 20) }));
    const counts = this.generators.map(() => 0);
    this.generators.forEach((worker, index) => {
      worker.onEvent = (_, count) => {
        counts[index] = count as number;
        const delivered = counts.reduce((sum, part) => sum + part, 0);
        this.publisher.notify('progress', toAll ? Math.floor(delivered / clients) : delivered);
      };
    });
    const request = { exchange, keys, bodyBytes: this.bodyBytes, seconds, window };
    const { published, firstAt } = await this.publisher.call(
      'publish',
      rate === undefined ? request : { ...request, rate },
      seconds + 45,
    );
    const expected = Array.from({ length: clients }, (_, client) =>
      toAll ? published : Math.floor(published / clients) + (client < published % clients ? 1 : 0),
    );
    const replies = await this.finish(expected);
    check(replies, published);
    return {
      published,
      delivered: expected.reduce((sum, count) => sum + count, 0),
      seconds: (Math.max(...replies.map((reply) => reply.lastAt)) - firstAt) / 1e6,
      latencies: Float64Array.from(replies.flatMap((reply) => [...reply.latencies])),
      generatorCpu: Math.max(...replies.map((reply) => reply.cpu)),
      duplicates: replies.reduce((sum, reply) => sum + reply.duplicates, 0),
    };
  }

  /** All clients say DISCONNECT. */
  async disconnect(): Promise<void> {
    await this.each((worker) => worker.call('closeAll', null));
    this.sizes = [];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.generators, this.publisher].map((worker) => worker.stop()));
  }

  private async finish(expected: number[]): Promise<FinishReply[]> {
    const ends = this.sizes.map((_, index) => this.sizes.slice(0, index + 1).reduce((a, b) => a + b, 0));
    const parts = ends.map((end, index) => expected.slice(end - (this.sizes[index] ?? 0), end));
    return this.each((worker, index) =>
      worker.call('finish', { expected: parts[index] ?? [], patienceSeconds: PATIENCE_SECONDS }, 300),
    );
  }

  private each<R>(action: (worker: Worker<ClientsApi>, index: number) => Promise<R>): Promise<R[]> {
    return Promise.all(this.generators.map(action));
  }
}

function check(replies: FinishReply[], published: number): void {
  const sum = (pick: (reply: FinishReply) => number) => replies.reduce((total, r) => total + pick(r), 0);
  const short = sum((reply) => reply.short);
  if (published === 0) throw new Error('nothing could be published');
  if (short > 0) throw new Error(`${short} clients did not get all of their messages`);
  if (sum((reply) => reply.damaged) > 0) throw new Error('messages arrived damaged');
  if (sum((reply) => reply.disordered) > 0) throw new Error('messages arrived out of order');
}

function split<T>(items: T[], parts: number): T[][] {
  const size = Math.ceil(items.length / parts);
  return Array.from({ length: parts }, (_, index) => items.slice(index * size, (index + 1) * size));
}
