import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
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

const person = (user: string, options = {}) => world.keep(Promise.resolve(Person.of(relay, user, options)));

describe('a subscription', () => {
  it('that is refused rejects with the relay’s words, and the others go on', async () => {
    const alice = await person(unique('alice'));
    const topic = `/topic/${unique('news')}`;
    const before = alice.subscribe(topic);
    await alice.client.connect();
    await before.ready;
    const ended: Error[] = [];
    const refused = alice.subscribe('/exchange/secret/#', { onEnded: (error) => ended.push(error) });
    const malformed = alice.subscribe('/nonsense');
    const after = alice.subscribe(`${topic}.more`);
    await expect(refused.ready).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' });
    await expect(malformed.ready).rejects.toMatchObject({ code: 'ERR_DESTINATION_UNKNOWN' });
    await after.ready;
    await alice.until('connected');
    await waitFor(
      async () => {
        await service.toTopic(topic.slice('/topic/'.length), 'still here');
        return alice.bodies(topic).includes('still here');
      },
      { what: 'a message on the first one' },
    );
    refused.unsubscribe();
    expect(ended).toEqual([]);
    expect(alice.states.filter(({ status }) => status === 'stopped')).toEqual([]);
  });

  it('is one at the relay for all who want the same, each of whom gets each message once', async () => {
    const alice = await person(unique('alice'));
    const topic = `/topic/${unique('news')}`;
    const frames: string[] = [];
    alice.client.onFrame(({ direction, command, headers }) => {
      if (direction === 'out') frames.push(`${command} ${headers.destination ?? headers.id}`);
    });
    const taken: string[] = [];
    const subscriptions = ['a', 'b'].map((who) =>
      alice.client.subscribe(topic, ({ body }) => taken.push(`${who}:${body}`)),
    );
    await alice.client.connect();
    await Promise.all(subscriptions.map(({ ready }) => ready));
    const publish = (body: string) => service.toTopic(topic.slice('/topic/'.length), body);
    await publish('1');
    await waitFor(() => taken.length >= 2, { what: 'both' });
    subscriptions[0]?.unsubscribe();
    await publish('2');
    await waitFor(() => taken.includes('b:2'), { what: 'the other one' });
    expect(taken).toEqual(['a:1', 'b:1', 'b:2']);
    expect(frames.filter((frame) => frame === `SUBSCRIBE ${topic}`)).toHaveLength(1);
    expect(frames.filter((frame) => frame.startsWith('UNSUBSCRIBE'))).toHaveLength(0);
    for (let twice = 0; twice < 2; twice++) subscriptions[1]?.unsubscribe();
    expect(frames.filter((frame) => frame.startsWith('UNSUBSCRIBE'))).toHaveLength(1);
  });

  it('whose listener throws does not harm the others', async () => {
    const user = unique('alice');
    const alice = await person(user);
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => thrown.push(error));
    try {
      alice.client.subscribe('/user/topic/reply', () => {
        throw new Error('a mistake in the application');
      });
      const { ready } = alice.subscribe('/user/topic/reply');
      await alice.client.connect();
      await ready;
      await service.toUser(user, 'topic.reply', 'hello');
      await alice.got('hello');
      await waitFor(() => thrown.length > 0, { what: 'the error, for whoever looks at the console' });
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(alice.client.state.value.status).toBe('connected');
  });

  it('that was ended before it was ready says so, and leaves nothing behind', async () => {
    const user = unique('alice');
    const alice = await person(user);
    const { ready, unsubscribe } = alice.subscribe('/user/topic/reply');
    unsubscribe();
    await expect(ready).rejects.toMatchObject({ code: 'ERR_UNSUBSCRIBED' });
    await alice.client.connect();
    // Refused when nobody wants it any more: no reason to stop.
    alice.subscribe('/exchange/secret/#').unsubscribe();
    await service.toUser(user, 'topic.reply', 'for nobody');
    const live = alice.subscribe('/user/topic/other');
    await live.ready;
    expect(alice.messages()).toEqual([]);
  });

  it('that a later connection is refused tells the application', async () => {
    const user = unique('alice');
    const granting = await world.relay({ RELAY_GRANTS_CLAIM: 'grants' });
    const jti = unique('jti');
    const tokens = [
      granting.token(user, { jti, grants: { subscribe: ['/topic/a'], send: [] } }),
      granting.token(user, { grants: { subscribe: [], send: [] } }),
    ];
    const token = async () => (await tokens.shift()) ?? '';
    const alice = await world.keep(Promise.resolve(Person.of(granting, user, { token })));
    const ended: Error[] = [];
    const { ready } = alice.subscribe('/topic/a', { onEnded: (error) => ended.push(error) });
    await alice.client.connect();
    await ready;
    // The token is taken back; the next one does not allow it.
    await service.publish('relay.control', '', JSON.stringify({ jti }));
    await waitFor(() => ended.length > 0, { what: 'the end' });
    expect(ended).toMatchObject([{ code: 'ERR_FORBIDDEN' }]);
    await alice.connections(3);
  });
});
