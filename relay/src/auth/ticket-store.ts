import { createHash, randomBytes } from 'node:crypto';
import { LimitError } from '../errors.js';
import type { Identity } from './identity.js';

interface Ticket {
  readonly identity: Identity;
  /** On the clock of `TicketOptions`. */
  readonly until: number;
}

export interface TicketOptions {
  /** RELAY_TICKET_TIME, in milliseconds. */
  readonly time: number;
  /** RELAY_MAX_TICKETS: tickets that nobody has used yet. */
  readonly most: number;
  /** Of those, one user's. Default 100. */
  readonly mostPerUser?: number;
  /** Is told the name of the setting whenever it refuses somebody. */
  onLimit(limit: string): void;
  /** Milliseconds since whenever, never going back. */
  readonly clock?: () => number;
}

const LIMIT = 'RELAY_MAX_TICKETS';

/**
 * The tickets that this relay has given and nobody has used. Of each it keeps only a hash: whoever gets at its memory, or
 * listens while another relay asks for one, cannot sign in with what is found there.
 */
export class TicketStore {
  /** By hash; all live equally long, so the first ends first. */
  private readonly tickets = new Map<string, Ticket>();
  private readonly perUser = new Map<string, number>();
  private readonly clock: () => number;

  constructor(private readonly options: TicketOptions) {
    this.clock = options.clock ?? (() => performance.now());
  }

  get size(): number {
    this.dropOld();
    return this.tickets.size;
  }

  /**
   * A new ticket, to be used once.
   * @param relay what its name begins with, see `relayOf`
   * @throws LimitError ERR_TOO_MANY_TICKETS
   */
  give(relay: string, identity: Identity): string {
    this.dropOld();
    const { most, mostPerUser = 100, time } = this.options;
    const own = this.perUser.get(identity.userWord) ?? 0;
    // Somebody who collects tickets must leave some for the others.
    if (own >= mostPerUser) throw this.tooMany('this user has too many tickets that were not used');
    if (this.tickets.size >= most) throw this.tooMany('too many tickets were not used');
    const ticket = `${relay}.${randomBytes(32).toString('base64url')}`;
    this.tickets.set(hashOf(ticket), { identity, until: this.clock() + time });
    this.perUser.set(identity.userWord, own + 1);
    return ticket;
  }

  /** The identity of whoever the ticket was given to. It is used up now, whoever asks again. */
  take(hash: string): Identity | undefined {
    const ticket = this.tickets.get(hash);
    if (!ticket) return undefined;
    this.drop(hash, ticket);
    return ticket.until > this.clock() ? ticket.identity : undefined;
  }

  dropIf(isOut: (identity: Identity) => boolean): void {
    for (const [hash, ticket] of this.tickets) if (isOut(ticket.identity)) this.drop(hash, ticket);
  }

  private dropOld(): void {
    const now = this.clock();
    for (const [hash, ticket] of this.tickets) {
      if (ticket.until > now) return;
      this.drop(hash, ticket);
    }
  }

  private drop(hash: string, { identity: { userWord } }: Ticket): void {
    this.tickets.delete(hash);
    const left = (this.perUser.get(userWord) ?? 1) - 1;
    if (left > 0) this.perUser.set(userWord, left);
    else this.perUser.delete(userWord);
  }

  private tooMany(what: string): LimitError {
    this.options.onLimit(LIMIT);
    const seconds = Math.ceil(this.options.time / 1000);
    const message = `${what}: use the ones you have, or try again in ${seconds} s`;
    return new LimitError('ERR_TOO_MANY_TICKETS', message, LIMIT, seconds);
  }
}

/** What a ticket is known by. */
export function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
