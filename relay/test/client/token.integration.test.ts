import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayError, TokenRefused } from '../../client/errors.js';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
import { inSeconds, secretToken } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { Person } from './rig.js';

const world = new World();
let relay: TestRelay;
let service: Service;
beforeAll(async () => {
  relay = await world.relay();
  service = await world.service();
});
afterAll(() => world.close());

const keep = (someone: Person) => world.keep(Promise.resolve(someone));
const person = (user: string, options = {}) => keep(Person.of(relay, user, options));
const works = (someone: Person, user: string) => someone.hears(service, user);

describe('a token', () => {
  it.each([
    ['of itself', '0'],
    ['with the relay’s notice besides', '60000'],
  ])('is renewed on the live connection ahead of its end, %s', async (_, RELAY_TOKEN_WARNING) => {
    const warning = await world.relay({ RELAY_TOKEN_WARNING });
    const user = unique('alice');
    const fetched: { stale: string | undefined; at: number }[] = [];
    const alice = await keep(
      Person.of(warning, user, {
        token: (stale?: string) => {
          fetched.push({ stale, at: Date.now() });
          return warning.token(user, { iat: inSeconds(0), exp: inSeconds(4) });
        },
      }),
    );
    await alice.client.connect();
    await works(alice, user);
    await waitFor(() => fetched.length >= 4, { what: 'three renewals', timeout: 40_000 });
    await works(alice, user);
    expect(alice.states.filter(({ status }) => status === 'connected')).toHaveLength(1);
    expect(fetched[0]?.stale).toBeUndefined();
    expect(fetched[1]?.stale).toMatch(/^ey/);
    // A notice that comes with every token must not make it a token at a time.
    expect((fetched[3]?.at ?? 0) - (fetched[0]?.at ?? 0)).toBeGreaterThan(3000);
  });

  it('that ended is replaced with the connection, when there was none in time', async () => {
    const user = unique('alice');
    let fetched = 0;
    const alice: Person = await person(user, {
      token: () => {
        if (++fetched === 1) return relay.token(user, { exp: inSeconds(2) });
        // However often it is asked for while the first one is good.
        if (!alice.states.some(({ status }) => status === 'waiting'))
          throw new Error('the sign-in service is out of reach');
        return relay.token(user);
      },
    });
    await alice.client.connect();
    await alice.connections(2);
    expect(alice.states).toContainEqual(expect.objectContaining({ status: 'waiting', code: 4410 }));
    await works(alice, user);
  });

  it('that is taken back is asked for anew, and nobody to give one means stop', async () => {
    const user = unique('alice');
    let fetched = 0;
    const alice = await person(user, {
      token: async () => {
        if (++fetched > 1) throw new TokenRefused('signed out');
        return relay.token(user, { iat: inSeconds(-10) });
      },
    });
    await alice.client.connect();
    await service.publish('relay.control', '', JSON.stringify({ user }));
    expect(await alice.until('stopped')).toEqual({
      status: 'stopped',
      reason: 'signed out',
      code: undefined,
    });
    expect(alice.states).toContainEqual(expect.objectContaining({ status: 'waiting', code: 4411 }));
    await expect(alice.client.connect()).rejects.toThrow('signed out');
  });

  it('that is refused is asked for once more, and then it stops', async () => {
    const stale: (string | undefined)[] = [];
    const mallory = await person('mallory', {
      token: (old?: string) => {
        stale.push(old);
        return secretToken('not the relay’s secret, and long enough', { sub: 'mallory' });
      },
    });
    const connected = mallory.client.connect();
    await expect(connected).rejects.toBeInstanceOf(RelayError);
    expect(mallory.client.state.value).toMatchObject({ status: 'stopped', code: 4401 });
    expect(stale).toEqual([undefined, expect.stringMatching(/^ey/)]);
  });

  it('buys a ticket for each connection, and is in no address and no CONNECT', async () => {
    const user = unique('alice');
    const frames: string[] = [];
    const alice = await person(user, { auth: 'ticket' });
    alice.client.onFrame(({ command, headers }) => frames.push(`${command} ${JSON.stringify(headers)}`));
    await alice.client.connect();
    await works(alice, user);
    alice.client.dropConnection();
    await alice.connections(2);
    const connects = frames.filter((frame) => frame.startsWith('CONNECT '));
    expect(connects).toHaveLength(2);
    for (const connect of connects) expect(connect).not.toMatch(/authorization/i);
  });

  it('that buys no ticket stops it, too', async () => {
    const token = () => secretToken('not the relay’s secret, and long enough', { sub: 'mallory' });
    const mallory = await person('mallory', { auth: 'ticket', token });
    await expect(mallory.client.connect()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  });

  it('ends the subscriptions that it does not allow any more, and the application is told', async () => {
    const granting = await world.relay({ RELAY_GRANTS_CLAIM: 'grants' });
    const user = unique('alice');
    const grants = [['/topic/a', '/topic/b'], ['/topic/b']];
    const alice = await keep(
      Person.of(granting, user, {
        token: () => granting.token(user, { grants: { subscribe: grants.shift() ?? [], send: [] } }),
      }),
    );
    const ended: string[] = [];
    const subscriptions = ['/topic/a', '/topic/b'].map((destination) =>
      alice.subscribe(destination, { onEnded: ({ message }) => ended.push(`${destination}: ${message}`) }),
    );
    await alice.client.connect();
    await Promise.all(subscriptions.map(({ ready }) => ready));
    await alice.client.refresh();
    expect(ended).toEqual(['/topic/a: the new token does not allow it']);
    await service.toTopic('b', 'still here');
    await alice.got('still here', '/topic/b');
    expect(alice.states.filter(({ status }) => status === 'connected')).toHaveLength(1);
  });
});
