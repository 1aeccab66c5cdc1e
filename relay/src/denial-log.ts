import { redactUrl } from './handshake.js';
import { LogBudget } from './log-budget.js';
import type { Logger } from './logger.js';
import { addressGroup } from './util/address-group.js';

/** Something that a client asked for and does not get. */
export interface Denial {
  /** The error's code. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  readonly user?: string | undefined;
  readonly address?: string | undefined;
  readonly session?: string | undefined;
  readonly action?: string | undefined;
  readonly destination?: string | undefined;
  /** The id of an HTTP request. */
  readonly request?: string | undefined;
  /** Already redacted. */
  readonly url?: string | undefined;
}

const EACH = { burst: 20, rate: 1 / 3 };
const ALL = { burst: 2000, rate: 50 };
const LONGEST = 120;

/** One line for each refusal, as long as nobody causes too many of them. */
export class DenialLog {
  private readonly budget: LogBudget;

  constructor(
    private readonly log: Logger,
    onLeftOut: () => void,
    clock?: () => number,
  ) {
    const options = { about: 'denials', each: EACH, all: ALL, onLeftOut };
    this.budget = new LogBudget(log, clock ? { ...options, clock } : options);
  }

  /** @param quiet for what is not worth a line but when somebody looks for it: at `debug`, and not counted */
  note({ message, ...denial }: Denial, quiet = false): void {
    if (!this.log.isLevelEnabled(quiet ? 'debug' : 'info')) return;
    const { user, address, destination, url } = denial;
    if (!quiet && !this.budget.passes(user ?? (address === undefined ? '' : addressGroup(address)))) return;
    const line = {
      ...denial,
      ...(destination === undefined ? {} : { destination: shortened(redactUrl(destination)) }),
      ...(url === undefined ? {} : { url: shortened(url) }),
    };
    this.log[quiet ? 'debug' : 'info'](line, shortened(message));
  }
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
