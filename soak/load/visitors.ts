import { setMaxListeners } from 'node:events';
import { emit, serve } from '../../bench/rpc.js';
import { Inbox } from '../../torture/load/inbox.js';
import { Random } from '../../torture/random.js';
import type { Tally } from './protocol.js';
import { Visitor } from './visitor.js';

export interface VisitorsPlan {
  names: string[];
  /** Addresses of all relays, `http://…`. */
  relays: string[];
  secret: string;
  run: string;
  seed: number;
}

const FLUSH_MS = 200;
/** Users who pull at the same time. */
const LANES = 8;

let inbox = new Inbox('');
const tally: Tally = { visits: 0, troubles: {}, done: {}, topicMessages: 0, topicGaps: 0 };
let plan: VisitorsPlan | undefined;
let random = new Random(0);
let closing = new AbortController();
let visitors: Visitor[] = [];
let lives: Promise<void>[] = [];

/** Names who will come. */
function open(visitorsPlan: VisitorsPlan): void {
  plan = visitorsPlan;
  random = new Random(plan.seed);
  inbox = new Inbox(plan.run);
}

/** All of them come and go from now on. */
function comeAndGo(_: null): void {
  if (!plan) throw new Error('nobody was named');
  const { relays, secret, names } = plan;
  closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const place = { relays, secret, inbox, tally, random, closing: closing.signal };
  visitors = names.map((name, index) => new Visitor(index, name, place));
  lives = visitors.map((visitor) => visitor.live());
}

/** All of them leave; resolves when nobody is there. */
async function leave(_: null): Promise<void> {
  closing.abort();
  await Promise.all(lives);
}

/** Every user pulls what can be pulled now, within `patience` milliseconds. @returns how many were not done. */
async function pullAll(patience: number): Promise<number> {
  const waiting = [...visitors];
  let unfinished = 0;
  const lane = async () => {
    for (let visitor = waiting.pop(); visitor; visitor = waiting.pop()) {
      if (!(await visitor.pull(patience))) unfinished++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return unfinished;
}

/** Tells what came and was not told yet; events that were sent before an answer arrive before it. */
function flush(_: null = null): { tally: Tally; foreign: string[]; disordered: number } {
  const received = inbox.take();
  if (received) emit('received', received);
  const { foreign, disordered } = inbox.tally;
  return { tally, foreign, disordered };
}

setInterval(flush, FLUSH_MS, null);

const api = { open, comeAndGo, leave, pullAll, flush };
export type VisitorsApi = typeof api;
serve(api);
