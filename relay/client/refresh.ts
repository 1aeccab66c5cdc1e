import { backoff } from './backoff.js';
import { type Deferred, deferred } from './deferred.js';
import { RelayError, TokenRefused } from './errors.js';
import type { Link } from './link.js';
import { type Tokens, timesOf } from './tokens.js';

export const TOKEN_DESTINATION = '/relay/token';
/** How long before its end a token is renewed, at most, in milliseconds; of one that lives shortly, a quarter before. */
const AHEAD_MS = 60_000;
/** The longest time that `setTimeout` can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds until a token is to be renewed; undefined when it cannot be read or it is too late for a plan. */
export function renewIn(token: string, now = Date.now()): number | undefined {
  const times = timesOf(token);
  if (!times) return undefined;
  const left = times.expiresAt - now;
  // By a clock that is wrong nothing can be planned: the relay's notice comes in any case.
  if (left <= 0) return undefined;
  return Math.min(left - Math.min(AHEAD_MS, (times.lifetime ?? left) / 4, left / 2), LONGEST_MS);
}

/** Gives the live session its next token ahead of the end of the present one. */
export class Refresh {
  private link: Link | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private attempt = 0;
  private running: Promise<void> | undefined;
  private answer: Deferred<void> | undefined;

  /**
   * @param onEnded is told the ids of subscriptions that the new token does not allow
   * @param onRefused is told that there is no token to be had any more
   */
  constructor(
    private readonly tokens: Tokens,
    private readonly onEnded: (ids: readonly string[]) => void,
    private readonly onRefused: (error: TokenRefused) => void,
  ) {}

  up(link: Link): void {
    this.link = link;
    this.plan();
  }

  down(): void {
    this.link = undefined;
    clearTimeout(this.timer);
    this.answer?.reject(
      new RelayError('ERR_LOST', 'the connection ended before the new token was confirmed'),
    );
  }

  /**
   * The relay's notice that the token is about to end, by its clock. It comes with every token that does not live for much
   * longer than the notice is ahead: renewing at once would then never end.
   * @param left milliseconds
   */
  expiring(left: number): void {
    if (!this.running && Date.now() + left / 2 < this.dueAt) this.tryIn(left / 2);
  }

  /** Fetches a token and gives it to the live session; without one, the next connection has it. */
  refresh(): Promise<void> {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private plan(): void {
    clearTimeout(this.timer);
    this.dueAt = Number.POSITIVE_INFINITY;
    this.attempt = 0;
    const wait = renewIn(this.tokens.value ?? '');
    if (wait !== undefined) this.tryIn(wait);
  }

  private tryIn(wait: number): void {
    clearTimeout(this.timer);
    this.dueAt = Date.now() + wait;
    this.timer = setTimeout(() => {
      this.refresh().catch(() => {
        if (this.link) this.tryIn(backoff(++this.attempt));
      });
    }, wait);
  }

  private async run(): Promise<void> {
    const before = this.tokens.value;
    let token: string;
    try {
      token = await this.tokens.renew();
    } catch (error) {
      if (error instanceof TokenRefused) this.onRefused(error);
      throw error;
    }
    const { link } = this;
    if (!link?.isOpen) return;
    if (token === before)
      throw new RelayError('ERR_TOKEN_SAME', 'token() gave the token that is about to end');
    const answer = deferred();
    this.answer = answer;
    link.send(TOKEN_DESTINATION, '', { Authorization: `Bearer ${token}` }, (headers) => {
      const ended = headers['relay-ended'];
      if (ended !== undefined) this.onEnded(ended.split(',').map(decodeURIComponent));
      this.plan();
      answer.resolve();
    });
    await answer.promise;
  }
}
