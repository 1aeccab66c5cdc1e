import { z } from 'zod';
import { AuthError, RelayError } from '../errors.js';
import type { Identity } from './identity.js';
import { hashOf, type TicketStore } from './ticket-store.js';

/** How relays ask each other: broker/inbox.ts. */
export interface Colleagues {
  /** Names this relay to the others; '' while the broker is away. */
  readonly id: string;
  /** Rejects with the code ERR_NOBODY_THERE when there is no such relay. */
  askRelay(id: string, type: string, body: unknown): Promise<unknown>;
  on(type: string, handler: (body: unknown, reply: (answer: unknown) => void) => void): void;
}

const ASK = 'ticket';

/** A relay's id and 32 random bytes, base64url. */
const TICKET = /^([\w-]{12})\.[\w-]{43}$/;

const asked = z.object({ hash: z.string() });

const answered = z.object({
  identity: z.object({
    user: z.string(),
    userWord: z.string(),
    claims: z.record(z.string(), z.unknown()),
    expiresAt: z.number().optional(),
    tokenId: z.string(),
  }),
});

/** Tickets that are good at every relay: the one that gave a ticket is asked for whom it is. */
export class Tickets {
  constructor(
    private readonly store: TicketStore,
    private readonly relays: Colleagues,
  ) {
    relays.on(ASK, (body, reply) => {
      const { data } = asked.safeParse(body);
      reply({ identity: data && store.take(data.hash) });
    });
  }

  get size(): number {
    return this.store.size;
  }

  /** @throws RelayError ERR_BROKER_UNAVAILABLE: other relays could not ask for it. LimitError ERR_TOO_MANY_TICKETS. */
  give(identity: Identity): string {
    const { id } = this.relays;
    if (id === '') throw unavailable();
    return this.store.give(id, identity);
  }

  /**
   * Uses a ticket up.
   * @throws AuthError ERR_TICKET. RelayError ERR_BROKER_UNAVAILABLE: it may be good still.
   */
  async redeem(ticket: string): Promise<Identity> {
    const relay = TICKET.exec(ticket)?.[1];
    if (relay === undefined) throw spent();
    const hash = hashOf(ticket);
    // Our own first: the id changes with each connection, and older tickets are still here.
    const own = this.store.take(hash);
    if (own) return own;
    if (relay === this.relays.id) throw spent();
    const { data } = answered.safeParse(await this.ask(relay, hash));
    if (!data) throw spent();
    const { identity } = data;
    return { ...identity, claims: Object.freeze(identity.claims), expiresAt: identity.expiresAt };
  }

  dropIf(isOut: (identity: Identity) => boolean): void {
    this.store.dropIf(isOut);
  }

  private async ask(relay: string, hash: string): Promise<unknown> {
    try {
      return await this.relays.askRelay(relay, ASK, { hash });
    } catch (error) {
      // Its memory is gone, and the ticket with it.
      if (error instanceof RelayError && error.code === 'ERR_NOBODY_THERE') throw spent();
      throw unavailable();
    }
  }
}

function spent(): AuthError {
  return new AuthError('ERR_TICKET', 'the ticket is used, expired or unknown: ask for a new one');
}

function unavailable(): RelayError {
  return new RelayError(
    'ERR_BROKER_UNAVAILABLE',
    'the broker does not answer: try again in a moment',
    'brokerUnavailable',
  );
}
