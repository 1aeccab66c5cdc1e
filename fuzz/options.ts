import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { whole } from '../torture/options.js';

export interface Options {
  seed: number;
  /** Cases at the codec; 0 leaves this part out. */
  codec: number;
  /** Frames at a live relay; 0 leaves this part out. */
  live: number;
  /** Only this case. */
  only: { part: 'codec' | 'live'; number: number } | undefined;
  /** Bound on the writing of each part. */
  minutes: number;
  json: string | undefined;
  help: boolean;
}

const FULL = { codec: 1_000_000, live: 100_000, minutes: 10 };
export const SHORT: typeof FULL = { codec: 20_000, live: 2000, minutes: 1 };

export const HELP = `Throws made-up and damaged input at everything that reads what a client writes, and made-up clients at a live
relay with a broker. Nothing may crash, hang, leak, reach what is not the client's, or cost a link that others share.

  npm run fuzz [-- options]

  --short       ${SHORT.codec.toLocaleString('en')} cases, ${SHORT.live.toLocaleString('en')} frames: half a minute, as in the tests
  --codec n     cases at the codec (${FULL.codec.toLocaleString('en')}); 0 leaves this part out
  --live n      frames at a live relay (${FULL.live.toLocaleString('en')}); 0 leaves this part out
  --seed n      which cases, and what the clients write (random; it is printed)
  --case x      only this one, alone: codec:123 or live:45, as a failure names it; takes the same --seed
  --minutes n   bound on each part (${FULL.minutes})
  --json file   where to write the figures
  --help        this text

Ends with 1 when something did not hold, or there were fewer cases or frames than asked for.
`;

/** @throws Error that says what to write instead. */
export function readOptions(args: string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      codec: text,
      live: text,
      seed: text,
      case: text,
      minutes: text,
      json: text,
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const profile = values.short ? SHORT : FULL;
  const only = values.case === undefined ? undefined : readCase(values.case);
  return {
    seed: whole('seed', values.seed, randomInt(1, 1_000_000), 0, 2 ** 32 - 1),
    codec: whole('codec', values.codec, profile.codec, 0, 1e9),
    live: whole('live', values.live, profile.live, 0, 1e9),
    only,
    minutes: whole('minutes', values.minutes, profile.minutes, 1, 600),
    json: values.json,
    help: values.help,
  };
}

function readCase(text: string): NonNullable<Options['only']> {
  const [, part, digits] = /^(codec|live):(\d{1,9})$/.exec(text) ?? [];
  if (part !== 'codec' && part !== 'live') {
    throw new Error(`--case takes codec:<number> or live:<number>, not "${text}"`);
  }
  return { part, number: Number(digits) };
}
