import { beforeEach, describe, expect, it } from 'vitest';
import { TicketStore } from '../../src/auth/ticket-store.js';
import { type Colleagues, Tickets } from '../../src/auth/tickets.js';
import { UnreadError } from '../../src/unread/errors.js';
import { identity } from './identities.js';

type Handler = Parameters<Colleagues['on']>[1];

/** Relays that reach each other by JSON, as over the broker. */
class Network {
  readonly asked: { id: string; body: unknown }[] = [];
  private readonly handlers = new Map<string, Handler>();
  failure: Error | undefined;

  question(id: string, body: unknown): Promise<unknown> {
    return new Promise((resolve) => this.handlers.get(id)?.(body, resolve));
  }

  join(id: string): { tickets: Tickets; leave(): void; lose(): void } {
    const state = { id };
    const { asked, handlers } = this;
    const colleagues: Colleagues = {
      get id() {
        return state.id;
      },
      on: (_type, handler) => handlers.set(id, handler),
      askRelay: async (to, _type, body) => {
        asked.push({ id: to, body });
        if (this.failure) throw this.failure;
        const handler = handlers.get(to);
        if (!handler) throw new UnreadError('ERR_NOBODY_THERE', 'gone', 410);
        return new Promise((resolve) => {
          handler(copy(body), (answer) => resolve(copy(answer)));
        });
      },
    };
    const store = new TicketStore({ time: 30_000, most: 10, onLimit() {} });
    return {
      tickets: new Tickets(store, colleagues),
      leave: () => handlers.delete(id),
      lose: () => {
        state.id = '';
      },
    };
  }
}

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const alice = identity({ roles: ['admin'], iat: 7 }, { expiresAt: Date.now() + 60_000 });

let network: Network;
let one: ReturnType<Network['join']>;
let two: ReturnType<Network['join']>;

beforeEach(() => {
  network = new Network();
  [one, two] = [network.join('relay_numb_1'), network.join('RELAY_NUMB_2')];
});

describe('a ticket', () => {
  it('is good at the relay that gave it, which asks nobody', async () => {
    const ticket = one.tickets.give(alice);
    expect(await one.tickets.redeem(ticket)).toEqual(alice);
    expect(network.asked).toEqual([]);
  });

  it('is good at another relay, with all that the token said, and goes over no wire', async () => {
    const ticket = one.tickets.give(alice);
    expect(await two.tickets.redeem(ticket)).toEqual(alice);
    expect(network.asked).toHaveLength(1);
    expect(JSON.stringify(network.asked)).not.toContain(ticket.split('.')[1]);
  });

  it('is good once, wherever it is shown again', async () => {
    const ticket = one.tickets.give(alice);
    await two.tickets.redeem(ticket);
    for (const { tickets } of [one, two]) {
      await expect(tickets.redeem(ticket)).rejects.toMatchObject({
        code: 'ERR_TICKET',
        closure: 'unauthorized',
      });
    }
  });

  it('that was given before the connection changed is good where it was given', async () => {
    const ticket = one.tickets.give(alice);
    one.lose();
    expect(await one.tickets.redeem(ticket)).toEqual(alice);
  });

  it('is not given while no other relay could ask for it', () => {
    one.lose();
    expect(() => one.tickets.give(alice)).toThrow(expect.objectContaining({ closure: 'brokerUnavailable' }));
  });

  it('of a relay that is gone is spent; of one that cannot be asked now it may be good later', async () => {
    const ticket = one.tickets.give(alice);
    network.failure = new UnreadError('ERR_BROKER_UNAVAILABLE', 'away', 503);
    await expect(two.tickets.redeem(ticket)).rejects.toMatchObject({ closure: 'brokerUnavailable' });
    network.failure = undefined;
    one.leave();
    await expect(two.tickets.redeem(ticket)).rejects.toMatchObject({ code: 'ERR_TICKET' });
  });

  it.each([
    '',
    '.',
    'x',
    'relay-number1',
    'relay-number',
    `relay-number.${'A'.repeat(42)}`,
    `relay-number.${'A'.repeat(44)}`,
    `.${'A'.repeat(43)}`,
    `#.*.relay.x.${'A'.repeat(43)}`,
    `relay-number/${'A'.repeat(43)}`,
    `relay-number.${'A'.repeat(43)}\n`,
  ])('%j is none, and nobody is asked', async (ticket) => {
    await expect(two.tickets.redeem(ticket)).rejects.toMatchObject({ code: 'ERR_TICKET' });
    expect(network.asked).toEqual([]);
  });

  it.each([null, {}, { hash: 7 }, 'x'])('is not found by a question of %j', async (question) => {
    one.tickets.give(alice);
    expect(await network.question('relay_numb_1', question)).toEqual({ identity: undefined });
  });
});
