import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Seat } from '../../src/admission/admission.js';
import { Seats } from '../../src/admission/seats.js';
import type { Identity } from '../../src/auth/identity.js';
import { LimitError } from '../../src/errors.js';

const WIDE = { connections: 1e6, perAddress: 1e6, perUser: 1e6, perTenant: 1e6, rate: 1e6, burst: 1e6 };
const EMPTY = { seats: 0, addresses: 0, users: 0, tenants: 0 };

function open(limits: Partial<typeof WIDE> = {}, random = 0.5) {
  const time = { now: 0 };
  const met: string[] = [];
  const seats = new Seats({
    ...WIDE,
    ...limits,
    clock: () => time.now,
    random: () => random,
    tenantOf: ({ claims }) => claims.tenant as string | undefined,
    onLimit: (limit) => met.push(limit),
  });
  return { seats, time, met };
}

function somebody(user: string, tenant?: string): Identity {
  const claims = tenant === undefined ? {} : { tenant };
  return { user, userWord: user, claims, expiresAt: undefined, tokenId: user };
}

/** How this is refused; undefined when it is not. */
function refusal(action: () => unknown): LimitError | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof LimitError) return error;
    throw error;
  }
  return undefined;
}

function occupied(seats: Seats, user: string, tenant?: string): Seat {
  const seat = seats.enter('192.0.2.7');
  seat.occupy(somebody(user, tenant));
  return seat;
}

describe('a limit', () => {
  it.each([
    ['RELAY_MAX_CONNECTIONS', 'ERR_TOO_MANY_CONNECTIONS', { connections: 2 }],
    ['RELAY_MAX_SESSIONS_PER_ADDRESS', 'ERR_TOO_MANY_CONNECTIONS', { perAddress: 2 }],
    ['RELAY_MAX_SESSIONS_PER_USER', 'ERR_TOO_MANY_SESSIONS', { perUser: 2 }],
    ['RELAY_MAX_SESSIONS_PER_TENANT', 'ERR_TOO_MANY_SESSIONS', { perTenant: 2 }],
    ['RELAY_CONNECT_RATE', 'ERR_TOO_MANY_CONNECTS', { rate: 1, burst: 2 }],
  ])('%s refuses the third, who is to come back later', (limit, code, limits) => {
    const { seats, met } = open(limits);
    const [first] = [occupied(seats, 'alice', 'acme'), occupied(seats, 'alice', 'acme')];
    expect(met).toEqual([]);
    const error = refusal(() => occupied(seats, 'alice', 'acme'));
    expect(error).toMatchObject({ code, limit, closure: 'tooEarly', retryAfter: expect.any(Number) });
    expect(error?.message).toContain(`connect again in ${error?.retryAfter} s`);
    expect(met).toEqual([limit]);

    first?.leave();
    expect(refusal(() => occupied(seats, 'alice', 'acme')) === undefined).toBe(
      limit !== 'RELAY_CONNECT_RATE',
    );
  });

  it('of one leaves room for the others', () => {
    const { seats } = open({ perAddress: 2, perUser: 1, perTenant: 2 });
    occupied(seats, 'alice', 'acme');
    seats.enter('192.0.2.8').occupy(somebody('bob', 'acme'));
    seats.enter('192.0.2.8').occupy(somebody('carol', 'globex'));
    seats.enter('192.0.2.9').occupy(somebody('dave'));
    expect(seats.sizes).toEqual({ seats: 4, addresses: 3, users: 4, tenants: 2 });
  });

  it('of an address is one of a whole /64 network of IPv6', () => {
    const { seats } = open({ perAddress: 2 });
    for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1']) seats.enter(address);
    expect(refusal(() => seats.enter('2001:db8::3'))?.limit).toBe('RELAY_MAX_SESSIONS_PER_ADDRESS');
  });

  it('of the rate is over when time has passed', () => {
    const { seats, time } = open({ rate: 2, burst: 1 });
    occupied(seats, 'alice');
    expect(refusal(() => occupied(seats, 'alice'))?.retryAfter).toBe(1);
    occupied(seats, 'bob');
    time.now += 500;
    occupied(seats, 'alice');
  });

  it('of the rate is not used up by whoever finds no seat', () => {
    const { seats } = open({ perUser: 1, rate: 1, burst: 2 });
    const seat = occupied(seats, 'alice');
    for (let time = 0; time < 10; time++) {
      expect(refusal(() => occupied(seats, 'alice'))?.limit).toBe('RELAY_MAX_SESSIONS_PER_USER');
    }
    seat.leave();
    occupied(seats, 'alice');
  });

  it('spreads those who wait for a seat', () => {
    const waits = [0, 0.5, 0.999].map((random) => {
      const { seats } = open({ connections: 0 }, random);
      return refusal(() => seats.enter('192.0.2.7'))?.retryAfter;
    });
    expect(waits).toEqual([5, 10, 15]);
  });
});

describe('a seat', () => {
  it('left before the user was known is nobody’s', () => {
    const { seats } = open({ perUser: 1 });
    const seat = seats.enter('192.0.2.7');
    seat.leave();
    // The token was still being checked when the client went.
    seat.occupy(somebody('alice', 'acme'));
    expect(seats.sizes).toEqual(EMPTY);
  });

  it('that its user did not get is still one of the address, until it is left', () => {
    const { seats } = open({ perUser: 1 });
    occupied(seats, 'alice').leave();
    const first = occupied(seats, 'alice');
    const second = seats.enter('192.0.2.7');
    expect(refusal(() => second.occupy(somebody('alice')))).toBeDefined();
    expect(seats.sizes).toEqual({ seats: 2, addresses: 1, users: 1, tenants: 0 });
    second.leave();
    expect(seats.sizes).toMatchObject({ seats: 1, users: 1 });
    first.leave();
    expect(seats.sizes).toEqual(EMPTY);
  });
});

const ADDRESSES = ['192.0.2.1', '192.0.2.2'];
const USERS = [somebody('alice', 'acme'), somebody('bob', 'acme'), somebody('carol')];

const step = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const), address: fc.constantFrom(...ADDRESSES) }),
  fc.record({ kind: fc.constant('occupy' as const), seat: fc.nat(), user: fc.constantFrom(...USERS) }),
  fc.record({ kind: fc.constant('leave' as const), seat: fc.nat() }),
);

it('is given back exactly once, in whatever order clients come, are known and go, however often', () => {
  const LIMITS = { connections: 5, perAddress: 3, perUser: 2, perTenant: 3 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { seats } = open(LIMITS);
      const taken: { seat: Seat; address: string; user?: Identity; left: boolean }[] = [];
      const count = (fits: (one: (typeof taken)[number]) => boolean) =>
        taken.filter((one) => !one.left && fits(one)).length;
      for (const each of steps) {
        if (each.kind === 'enter') {
          const { address } = each;
          const fits = count(() => true) < 5 && count((one) => one.address === address) < 3;
          const error = refusal(() => taken.push({ seat: seats.enter(address), address, left: false }));
          expect(error === undefined).toBe(fits);
          continue;
        }
        const one = taken[each.seat % Math.max(1, taken.length)];
        if (!one) continue;
        if (each.kind === 'leave') {
          one.seat.leave();
          one.left = true;
        } else {
          const { user } = each;
          const same = (other: (typeof taken)[number]) => other.user?.user === user.user;
          const tenant = (other: (typeof taken)[number]) =>
            other.user !== undefined && other.user.claims.tenant === user.claims.tenant;
          const fits = count(same) < 2 && (user.claims.tenant === undefined || count(tenant) < 3);
          const idle = one.left || one.user !== undefined;
          const error = refusal(() => one.seat.occupy(user));
          expect(error === undefined).toBe(idle || fits);
          if (!idle && !error) one.user = user;
        }
        const users = new Set(taken.flatMap(({ left, user }) => (left || !user ? [] : [user.user])));
        expect(seats.sizes).toMatchObject({ seats: count(() => true), users: users.size });
      }
      for (const { seat } of taken) seat.leave();
      expect(seats.sizes).toEqual(EMPTY);
    }),
    { numRuns: 500 },
  );
});
