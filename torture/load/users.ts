import { emit, serve } from '../../bench/rpc.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { Random } from '../random.js';
import { Inbox } from './inbox.js';
import type { CrowdTally } from './protocol.js';
import { User, type UserPlan } from './user.js';

export interface CrowdPlan {
  users: UserPlan[];
  /** Addresses of all relays, `http://…`. */
  relays: string[];
  run: string;
  seed: number;
}

export interface PullReply {
  /** Users whose mail could not be pulled to its end in time. */
  unfinished: number;
}

const FLUSH_MS = 200;
const READY_MS = 60_000;
/** Users of one process that pull at the same time. */
const LANES = 4;

let users: User[] = [];
let inbox = new Inbox('');

/** Connects all users; resolves when every one is subscribed. */
async function open(plan: CrowdPlan): Promise<void> {
  const random = new Random(plan.seed);
  inbox = new Inbox(plan.run);
  users = plan.users.map((user) => new User(user, plan.relays, inbox, random));
  for (const user of users) user.start();
  await ready();
}

function ready(): Promise<unknown> {
  const missing = () => users.filter((user) => !user.ready).length;
  return waitFor(() => missing() === 0, {
    what: () =>
      `${missing()} users to subscribe; connections ended so far: ${JSON.stringify(inbox.tally.closes)}`,
    timeout: READY_MS,
  });
}

/** Destroys the sockets of up to `count` users, from the `first` on. @returns how many there were. */
function cut({ first, count }: { first: number; count: number }): number {
  const chosen = users.map((_, index) => users[(first + index) % users.length]).slice(0, count);
  return chosen.filter((user) => user?.cut()).length;
}

export interface Absence {
  /** Address of a relay that has just died. */
  relay: string;
  /** Every `nth` of its users stays away. */
  nth: number;
  milliseconds: number;
}

/** Users of a dead relay who do not come back at once. @returns how many there are. */
async function stayAway({ relay, nth, milliseconds }: Absence): Promise<number> {
  const absent = users.filter((user) => user.relay === relay).filter((_, index) => index % nth === 0);
  await Promise.all(absent.map((user) => user.stayAway(milliseconds)));
  return absent.length;
}

/** Everyone leaves, comes back and subscribes again. */
async function rejoin(_: null): Promise<void> {
  await Promise.all(users.map((user) => user.rejoin()));
  await ready();
}

/** Every user pulls what can be pulled now, within `patience` milliseconds. */
async function pullAll(patience: number): Promise<PullReply> {
  const waiting = [...users];
  let unfinished = 0;
  const lane = async () => {
    for (let user = waiting.pop(); user; user = waiting.pop()) {
      if (!(await user.pull(patience))) unfinished++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { unfinished };
}

/** How many users are subscribed now. */
function connected(_: null): number {
  return users.filter((user) => user.ready).length;
}

/** Tells what came and was not told yet; events that were sent before an answer arrive before it. */
function flush(_: null = null): CrowdTally {
  const received = inbox.take();
  if (received) emit('received', received);
  return inbox.tally;
}

setInterval(flush, FLUSH_MS, null);

async function leave(_: null): Promise<void> {
  await Promise.all(users.map((user) => user.leave()));
}

const api = { open, cut, stayAway, rejoin, pullAll, connected, flush, leave };
export type UsersApi = typeof api;
serve(api);
