import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { whole } from '../torture/options.js';

export interface Options {
  clients: number;
  /** Of them, those with stompjs, which are always there but for cuts; the others come and go. */
  steady: number;
  relays: number;
  /** Messages per second for users, whether they are there or not. */
  rate: number;
  /** Messages per second to topics. */
  topicRate: number;
  /** How long clients come and go between the two looks that must be alike, in seconds. */
  seconds: number;
  /** The same before the first of them, so that code is compiled and heaps have their size. */
  warmUpSeconds: number;
  /** Time between two samples. */
  sampleSeconds: number;
  /** Most that the heap of a relay may grow for good, KiB a minute. */
  heapSlope: number;
  seed: number;
  json: string | undefined;
  /** Folder for what the relays say. */
  logs: string | undefined;
  help: boolean;
}

const FULL = { clients: 1000, steady: 20, rate: 100, topicRate: 50, seconds: 30 * 60 };
const SHORT: typeof FULL = { clients: 60, steady: 4, rate: 100, topicRate: 50, seconds: 5 };
const HEAP_SLOPE = 64;
const MOST_MINUTES = 24 * 60;
/** The books have an entry for each message, and a Map has room for 16.7 million. */
const MOST_MESSAGES = 10_000_000;

export const HELP = `Clients come and go, services publish, and nothing may be lost or left behind: at the end the relay's heap, files, timers,
sessions and routes and the broker's connections, queues and bindings must be what they were.

  npm run soak [-- options]

  --minutes n        how long they come and go (${FULL.seconds / 60}); a warm-up and an end come on top
  --duration t       the same as 90s, 45m or 8h
  --short            ${SHORT.clients} clients, ${SHORT.seconds} s: a minute or so, to see that it works
  --clients n        (${FULL.clients.toLocaleString('en')})
  --relays n         relay processes, which the clients choose from by chance (1)
  --rate n           messages per second for users, there or not (${FULL.rate})
  --topic-rate n     messages per second to topics (${FULL.topicRate})
  --heap-slope n     most that a relay's heap may grow, KiB a minute (${HEAP_SLOPE})
  --seed n           who does what (random; it is printed)
  --json file        where to write the figures, with all samples
  --logs folder      where to write what the relays say
  --help             this text

Ends with 1 when a message was lost, something was left, the heap grows, or a relay ended by itself.
`;

/** @throws Error that says what to write instead. */
export function readOptions(args: string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      minutes: text,
      duration: text,
      clients: text,
      relays: text,
      rate: text,
      'topic-rate': text,
      'heap-slope': text,
      seed: text,
      json: text,
      logs: text,
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const profile = values.short ? SHORT : FULL;
  const clients = whole('clients', values.clients, profile.clients, 5, 50_000);
  const rate = whole('rate', values.rate, profile.rate, 1, 20_000);
  const seconds = readSeconds(values.minutes, values.duration) ?? profile.seconds;
  if (seconds * rate > MOST_MESSAGES) {
    throw new Error(`that would be more than ${MOST_MESSAGES.toLocaleString('en')} messages; lower --rate`);
  }
  return {
    clients,
    steady: Math.min(profile.steady, Math.floor(clients / 4)),
    relays: whole('relays', values.relays, 1, 1, 16),
    rate,
    topicRate: whole('topic-rate', values['topic-rate'], profile.topicRate, 1, 1000),
    seconds,
    warmUpSeconds: values.short ? 3 : Math.min(60, Math.max(20, seconds / 4)),
    // A look makes the relay collect its garbage and the broker count everything: often, it would be the load.
    sampleSeconds: values.short ? 1 : Math.min(10, Math.max(3, seconds / 120)),
    heapSlope: whole('heap-slope', values['heap-slope'], HEAP_SLOPE, 1, 1_000_000),
    seed: whole('seed', values.seed, randomInt(1, 1_000_000), 0, 2 ** 32 - 1),
    json: values.json,
    logs: values.logs,
    help: values.help,
  };
}

function readSeconds(minutes: string | undefined, duration: string | undefined): number | undefined {
  if (minutes !== undefined) return whole('minutes', minutes, 0, 1, MOST_MINUTES) * 60;
  if (duration === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,6})([smh])$/.exec(duration) ?? [];
  const seconds = Number(digits) * ({ s: 1, m: 60, h: 3600 }[unit] ?? Number.NaN);
  if (!(seconds >= 1 && seconds <= MOST_MINUTES * 60)) {
    throw new Error(`--duration takes a time such as 90s, 45m or 8h, up to 24h, not "${duration}"`);
  }
  return seconds;
}
