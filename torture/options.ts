import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { HABITS, type Habit } from './load/protocol.js';
import { ALL_KINDS, type FaultKind } from './schedule.js';

export interface Options {
  users: number;
  /** Client processes; one of them is what a freeze stops. */
  processes: number;
  relays: number;
  /** Confirmed messages to reach. */
  messages: number;
  faults: number;
  /** Messages per second. */
  rate: number;
  /** Bound on the whole run. */
  minutes: number;
  seed: number;
  habits: readonly Habit[];
  /** Largest share of duplicates among the published, 0 to 1; those of `blindPeriods` are not counted. */
  mostDuplicates: number;
  /** RELAY_CONFIRM_TIMEOUT, milliseconds. */
  confirmTimeout: number;
  /** RELAY_NODE_TTL, milliseconds. */
  nodeTtl: number;
  /** These faults and no others. */
  only: readonly FaultKind[] | undefined;
  json: string | undefined;
  /** Folder for what the relays and the broker say. */
  logs: string | undefined;
  help: boolean;
}

const FULL = {
  users: 200,
  processes: 10,
  messages: 100_000,
  faults: 25,
  rate: 400,
  minutes: 8,
  mostDuplicates: 0.01,
  confirmTimeout: 2500,
  nodeTtl: 5000,
};

/** One freeze is a large part of so short a run, and what it makes come twice as well. */
const SHORT: typeof FULL = {
  users: 20,
  processes: 5,
  messages: 3000,
  faults: 5,
  rate: 200,
  minutes: 2,
  mostDuplicates: 0.05,
  confirmTimeout: 1500,
  nodeTtl: 3000,
};

export const HELP = `Users with plain stompjs over two relays, confirmed publishing without pause, and everything that can break is broken.
Not one confirmed message may be lost.

  npm run torture [-- options]

  --short            ${SHORT.users} users, ${SHORT.messages.toLocaleString('en')} messages, ${SHORT.faults} faults: under a minute, as in the tests
  --messages n       confirmed messages to reach (${FULL.messages.toLocaleString('en')})
  --minutes n        bound on the whole run (${FULL.minutes})
  --faults n         faults to survive (${FULL.faults})
  --only a,b         these faults, by chance (${ALL_KINDS.join(',')}); all but roll without it
  --seed n           which faults, on whom, in which order, and who gets mail (random; it is printed)
  --rate n           messages per second (${FULL.rate})
  --users n          (${FULL.users})
  --processes n      client processes that they are spread over (${FULL.processes})
  --habits a,b       how users get what they missed, in turns (${HABITS.join(',')}):
                     end: pull over HTTP when all is over; pull: also after each reconnect;
                     replay: subscribe with "unread: replay"
  --json file        where to write the figures
  --logs folder      where to write what relays and broker say
  --help             this text

Ends with 1 when a message was lost, too many came twice, or there were fewer messages or faults than asked for.
`;

/** @throws Error that says what to write instead. */
export function readOptions(args: string[]): Options {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      messages: number,
      minutes: number,
      faults: number,
      seed: number,
      rate: number,
      users: number,
      processes: number,
      habits: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string' },
      logs: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const profile = values.short ? SHORT : FULL;
  const read = (name: 'messages' | 'minutes' | 'faults' | 'rate' | 'users' | 'processes', most: number) =>
    whole(name, values[name], profile[name], 1, most);
  const users = read('users', 5000);
  return {
    ...profile,
    users,
    processes: Math.min(users, read('processes', 100)),
    relays: 2,
    messages: read('messages', 5_000_000),
    faults: values.faults === '0' ? 0 : read('faults', 1000),
    rate: read('rate', 20_000),
    minutes: read('minutes', 600),
    seed: whole('seed', values.seed, randomInt(1, 1_000_000), 0, 2 ** 32 - 1),
    habits: values.habits === undefined ? HABITS : readNames('habits', HABITS, values.habits),
    only: values.only === undefined ? undefined : readNames('only', ALL_KINDS, values.only),
    json: values.json,
    logs: values.logs,
    help: values.help,
  };
}

/** @throws Error that says what the option takes. */
export function whole(
  name: string,
  text: string | undefined,
  standard: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return standard;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new Error(`--${name} takes a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}

function readNames<T extends string>(option: string, known: readonly T[], text: string): T[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name.trim());
    if (!found) throw new Error(`--${option} takes some of ${known.join(', ')}, not "${name}"`);
    return found;
  });
}
