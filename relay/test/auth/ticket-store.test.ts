import { beforeEach, expect, it } from 'vitest';
import { hashOf, TicketStore } from '../../src/auth/ticket-store.js';
import { LimitError } from '../../src/errors.js';
import { identity } from './identities.js';

const RELAY = 'test-inbox-1';
let now: number;
let limits: string[];
let store: TicketStore;

beforeEach(() => {
  now = 0;
  limits = [];
  store = storeOf({});
});

function storeOf(options: { most?: number; mostPerUser?: number }): TicketStore {
  return new TicketStore({
    time: 30_000,
    most: 1000,
    onLimit: (limit) => limits.push(limit),
    clock: () => now,
    ...options,
  });
}

const alice = identity();
const bob = identity({ sub: 'bob' });

it('gives whom a ticket was given to, once', () => {
  const ticket = store.give(RELAY, alice);
  expect(ticket).toMatch(/^test-inbox-1\.[\w-]{43}$/);
  expect(store.take(hashOf(ticket))).toBe(alice);
  expect(store.take(hashOf(ticket))).toBeUndefined();
});

it('knows no ticket by itself, only by its hash, and none that was made up', () => {
  const ticket = store.give(RELAY, alice);
  for (const each of [ticket, '', '__proto__', hashOf('x')]) expect(store.take(each)).toBeUndefined();
  expect(store.give(RELAY, alice)).not.toBe(ticket);
});

it('lets tickets end in time, and the room that they took is there again', () => {
  const [one, two] = [store.give(RELAY, alice), store.give(RELAY, alice)];
  now = 29_999;
  expect(store.take(hashOf(one))).toBe(alice);
  now = 30_000;
  expect(store.take(hashOf(two))).toBeUndefined();
  store.give(RELAY, alice);
  now = 60_000;
  expect(store.size).toBe(0);
});

it('gives a bounded number, and each user a share of it', () => {
  store = storeOf({ most: 5, mostPerUser: 3 });
  const tickets = [1, 2, 3].map(() => store.give(RELAY, alice));
  expect(() => store.give(RELAY, alice)).toThrow(LimitError);
  store.give(RELAY, bob);
  store.give(RELAY, bob);
  expect(() => store.give(RELAY, bob)).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_MANY_TICKETS', retryAfter: 30 }),
  );
  expect(limits).toEqual(['RELAY_MAX_TICKETS', 'RELAY_MAX_TICKETS']);
  store.take(hashOf(tickets[0] ?? ''));
  store.give(RELAY, alice);
  now = 30_000;
  for (let i = 0; i < 3; i++) store.give(RELAY, alice);
});

it('takes back the tickets of whoever signed out', () => {
  const tickets = [alice, bob].map((each) => store.give(RELAY, each));
  store.dropIf((each) => each === alice);
  expect(tickets.map((ticket) => store.take(hashOf(ticket)))).toEqual([undefined, bob]);
});
