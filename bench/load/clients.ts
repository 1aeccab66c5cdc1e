import { emit, serve } from '../rpc.js';
import { isIntact, readSequence, readStamp } from './body.js';
import { microseconds } from './clock.js';
import { type ClientPlan, StompClient } from './stomp-client.js';

const REPORT_EVERY_MS = 5;

export interface ConnectRequest {
  plans: ClientPlan[];
  /** How many connections may be on their way at a time. */
  concurrency: number;
  bodyBytes: number;
}

export interface FinishRequest {
  /** What each client, in the order of the plans, must have received since `begin`. */
  expected: number[];
  /** Give up when nothing has arrived for this long. */
  patienceSeconds: number;
}

export interface FinishReply {
  received: number;
  /** Clients that got too little, and messages that came twice (delivery is at least once). */
  short: number;
  duplicates: number;
  /** Bodies that were not what the publisher sent, and steps back in the order, of the clients looked at. */
  damaged: number;
  disordered: number;
  /** Time of the last delivery, microseconds of the common clock. */
  lastAt: number;
  /** Microseconds from publish to arrival, when asked for. */
  latencies: Float64Array;
  /** Share of one core that this generator used since `begin`: near 1, it was the bottleneck. */
  cpu: number;
}

let clients: StompClient[] = [];
let bodyBytes = 0;
let received = 0;
let reported = 0;
let stamped = 0;
let lastAt = 0;
let damaged = 0;
let disordered = 0;
let timed = false;
let inspectEvery = 100;
let lastSequence: number[] = [];
let latencies: number[] = [];
let beganAt = 0;
let cpuAtBegin = process.cpuUsage();

function onMessage(client: StompClient, buffer: Buffer, start: number, end: number): void {
  // Two bodies do not fit below twice the body: the common case needs no look at the bytes.
  const messages = end - start < 2 * bodyBytes ? 1 : countFrames(buffer, start, end);
  client.received += messages;
  received += messages;
  if (timed || client.index % inspectEvery === 0) inspect(client, buffer, start, end);
}

/** The clock is read once for all that one read brought: reading it costs more than counting a message. */
function onRead(): void {
  if (received === stamped) return;
  stamped = received;
  lastAt = microseconds();
}

function inspect(client: StompClient, buffer: Buffer, start: number, end: number): void {
  const now = timed ? microseconds() : 0;
  for (let at = start; at < end; ) {
    const body = buffer.indexOf('\n\n', at, 'latin1') + 2;
    if (body < 2 || body + bodyBytes > end || !isIntact(buffer, body, bodyBytes)) {
      damaged++;
      return;
    }
    if (timed) latencies.push(now - readStamp(buffer, body));
    const sequence = readSequence(buffer, body);
    if (sequence < (lastSequence[client.index] ?? -1)) disordered++;
    lastSequence[client.index] = sequence;
    at = body + bodyBytes + 1;
    while (at < end && buffer[at] === 10) at++;
  }
}

/** The bodies of the benchmark hold no NUL, so every NUL ends a STOMP frame. */
function countFrames(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = buffer.indexOf(0, start); at >= 0 && at < end; at = buffer.indexOf(0, at + 1)) count++;
  return count;
}

const listener = { message: onMessage, read: onRead };

/** Adds clients to those that are there already. */
async function connectAll(request: ConnectRequest): Promise<{ seconds: number }> {
  bodyBytes = request.bodyBytes;
  let next = clients.length;
  for (const plan of request.plans) clients.push(new StompClient(clients.length, plan, listener));
  const started = microseconds();
  const lane = async () => {
    for (let client = clients[next++]; client; client = clients[next++]) await client.open();
  };
  try {
    await Promise.all(Array.from({ length: request.concurrency }, lane));
  } catch (error) {
    for (const client of clients) client.destroy();
    clients = [];
    throw error;
  }
  return { seconds: (microseconds() - started) / 1e6 };
}

/** `timed` keeps a latency of every message; otherwise one client in `inspectEvery` is looked at closely. */
function begin(options: { timed: boolean; inspectEvery: number }): void {
  for (const client of clients) client.received = 0;
  received = reported = stamped = lastAt = damaged = disordered = 0;
  lastSequence = [];
  latencies = [];
  ({ timed, inspectEvery } = options);
  beganAt = microseconds();
  cpuAtBegin = process.cpuUsage();
}

async function finish({ expected, patienceSeconds }: FinishRequest): Promise<FinishReply> {
  const total = expected.reduce((sum, count) => sum + count, 0);
  let seen = received;
  let seenAt = microseconds();
  while (received < total && microseconds() - seenAt < patienceSeconds * 1e6) {
    if (received !== seen) [seen, seenAt] = [received, microseconds()];
    const failed = clients.find((client) => client.failure);
    if (failed) throw new Error(`client ${failed.index}: ${failed.failure?.message}`);
    await new Promise((resolve) => setTimeout(resolve, REPORT_EVERY_MS));
  }
  const usage = process.cpuUsage(cpuAtBegin);
  const surplus = clients.map((client, index) => client.received - (expected[index] ?? 0));
  return {
    received,
    short: surplus.filter((count) => count < 0).length,
    duplicates: surplus.reduce((sum, count) => sum + Math.max(0, count), 0),
    damaged,
    disordered,
    lastAt,
    latencies: Float64Array.from(latencies),
    cpu: (usage.user + usage.system) / Math.max(1, microseconds() - beganAt),
  };
}

async function closeAll(): Promise<void> {
  const closing = clients;
  clients = [];
  await Promise.all(closing.map((client) => client.close()));
}

setInterval(() => {
  if (received === reported) return;
  reported = received;
  emit('received', received);
}, REPORT_EVERY_MS);

const api = { connectAll, begin, finish, closeAll: (_: null) => closeAll() };
export type ClientsApi = typeof api;
serve(api);
