import { parseArgs } from 'node:util';

export const CASES = [
  'fanout',
  'unicast',
  'latency',
  'connect',
  'memory',
  'unread',
  'hostile',
  'storm',
  'codec',
] as const;
export type CaseName = (typeof CASES)[number];

export interface Options {
  quick: boolean;
  only: readonly CaseName[];
  /** File for the results, or a dated one in bench/results. */
  json: string | undefined;
  /** Use the broker of RABBITMQ_URL and its companions instead of a private one. */
  broker: boolean;
  /** RELAY_WORKERS of the relay; undefined leaves it out. */
  workers: number | undefined;
  /** Folder for CPU profiles of the relays; undefined for none. */
  profile: string | undefined;
  help: boolean;
}

export const HELP = `Compares the relay with RabbitMQ's own Web-STOMP on the same broker, in turns.

  npm run bench [-- options]

  --quick            small sizes, under a minute in all; for a first look, not for figures to quote
  --only a,b         only these of: ${CASES.join(', ')}
  --json file        where to write the results (default: bench/results/<time>.json)
  --broker           use RABBITMQ_URL, RABBITMQ_WEB_STOMP_URL and (for the broker's memory)
                     RABBITMQ_MANAGEMENT_URL, with credentials in the URLs and on this machine only,
                     instead of a private broker started for the run
  --workers n        the relay with RELAY_WORKERS=n; its memory and processor time are those of all its processes
  --profile folder   where to write CPU profiles of the relay, whose functions are then listed by their own time
  --help             this text
`;

/** @throws Error that says what to write instead. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      workers: { type: 'string' },
      profile: { type: 'string' },
      broker: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const wanted = (values.only ?? []).flatMap((list) => list.split(',')).map((name) => name.trim());
  const unknown = wanted.find((name) => !CASES.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`--only takes some of ${CASES.join(', ')}, not "${unknown}"`);
  return {
    quick: values.quick,
    only: wanted.length > 0 ? CASES.filter((name) => wanted.includes(name)) : CASES,
    json: values.json,
    broker: values.broker,
    profile: values.profile,
    workers: values.workers === undefined ? undefined : readWorkers(values.workers),
    help: values.help,
  };
}

function readWorkers(text: string): number {
  const workers = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (!(workers >= 1 && workers <= 128)) {
    throw new Error(`--workers takes a whole number from 1 to 128, not "${text}"`);
  }
  return workers;
}
