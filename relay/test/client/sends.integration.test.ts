import type { ConsumeMessage } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayError } from '../../client/errors.js';
import type { Service } from '../support/amqp.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { numbered } from '../support/unread.js';
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

describe('send', () => {
  it('waits for a connection, and resolves once the broker has it', async () => {
    const alice = await person(unique('alice'));
    const key = unique('orders');
    const tap = await service.tap('relay.app', key);
    const sent = ['1', '2', '3'].map((body) =>
      alice.client.send(`/app/${key}`, body, { headers: { kind: 'x' } }),
    );
    await alice.client.connect();
    await Promise.all(sent);
    await tap.message('3');
    expect(tap.bodies()).toEqual(['1', '2', '3']);
    expect(tap.messages[0]?.properties.headers).toMatchObject({ kind: 'x' });
  });

  it('sends what was not confirmed again, in order and with the same id, whatever is cut', async () => {
    const proxy = await world.keep(CuttingProxy.open(relay.url));
    const alice = await person(unique('alice'), { url: proxy.url });
    const key = unique('orders');
    const tap = await service.tap('relay.app', key);
    await alice.client.connect();
    const bodies = numbered(400);
    const sent: Promise<void>[] = [];
    for (const body of bodies) {
      sent.push(alice.client.send(`/app/${key}`, body));
      if (Number(body) % 100 === 50) proxy.cut();
      if (Number(body) % 10 === 0) await new Promise(setImmediate);
    }
    await Promise.all(sent);
    await tap.message('399');
    const ids = new Map(
      tap.messages.map(({ content, properties }) => [properties.messageId, content.toString()]),
    );
    // By their ids each is there once, and by the first of each id in order.
    expect([...ids.values()]).toEqual(bodies);
    expect(alice.states.filter(({ status }) => status === 'connected').length).toBeGreaterThan(1);
  });

  it('that is refused rejects with what the relay says, and keeps nothing else from going through', async () => {
    const user = unique('alice');
    const alice = await person(user);
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    const refused = alice.client.send('/exchange/secret/key', 'no');
    const meanwhile = alice.client.send(`/user/${user}/topic/reply`, 'yes');
    await expect(refused).rejects.toBeInstanceOf(RelayError);
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_FORBIDDEN',
      message: expect.stringContaining('secret'),
    });
    await meanwhile;
    await alice.got('yes');
    expect(alice.states.filter(({ status }) => status === 'stopped')).toEqual([]);
  });

  it('is given up when its time is over', async () => {
    const alice = await person(unique('alice'));
    const sent = alice.client.send('/app/x', 'late', { timeout: 50 });
    await expect(sent).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringMatching(/was not sent/),
    });
  });

  it('keeps a bounded number of frames and bytes without a connection', async () => {
    const alice = await person(unique('alice'));
    const full = { code: 'ERR_QUEUE_FULL' };
    const large = 'é'.repeat(300_000);
    const first = alice.client.send('/app/x', large);
    await expect(alice.client.send('/app/x', large)).rejects.toMatchObject(full);
    const rest = numbered(999).map((body) => alice.client.send('/app/x', body));
    await expect(alice.client.send('/app/x', 'one too many')).rejects.toMatchObject(full);
    await alice.close();
    for (const sent of [first, ...rest]) await expect(sent).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('request', () => {
  /** A service that answers as any company's would, with plain amqplib. */
  async function answering(
    key: string,
    answer: (message: ConsumeMessage) => string | undefined,
  ): Promise<void> {
    const { channel } = service;
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'relay.app', key);
    await channel.consume(
      queue,
      (message) => {
        const body = message && answer(message);
        if (!message || body === undefined || body === null) return;
        const { replyTo, correlationId } = message.properties;
        const [, , exchange = '', routingKey = ''] = String(replyTo).split('/');
        const headers = { 'relay-unread': 'drop' };
        channel.publish(exchange, routingKey, Buffer.from(body), { correlationId, headers });
      },
      { noAck: true },
    );
  }

  it('resolves with the service’s answer, each with its own', async () => {
    const key = unique('prices');
    await answering(key, ({ content, properties }) => `${properties.headers?.['relay-user']}:${content}`);
    const users = [unique('alice'), unique('bob@example.com')];
    const people = await Promise.all(users.map((user) => person(user)));
    await Promise.all(people.map(({ client }) => client.connect()));
    for (const [i, { client }] of people.entries()) {
      const answers = await Promise.all(numbered(20).map((body) => client.request(`/app/${key}`, body)));
      expect(answers.map(({ body }) => body)).toEqual(numbered(20).map((body) => `${users[i]}:${body}`));
      expect(answers.map(({ sender }) => sender)).toEqual(Array(20).fill(undefined));
    }
  });

  it('is asked before there is a connection, and after one was lost', async () => {
    const key = unique('prices');
    await answering(key, () => 'here');
    const alice = await person(unique('alice'));
    const early = alice.client.request(`/app/${key}`, '');
    await alice.client.connect();
    expect((await early).body).toBe('here');
    alice.client.dropConnection();
    expect((await alice.client.request(`/app/${key}`, '')).body).toBe('here');
  });

  it('without an answer ends when its time is over', async () => {
    const alice = await person(unique('alice'));
    await alice.client.connect();
    const asked = alice.client.request('/app/nobody', '', { timeout: 300 });
    await expect(asked).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringMatching(/no answer/),
    });
  });

  it('that the relay refuses says so', async () => {
    const alice = await person(unique('alice'));
    await alice.client.connect();
    await expect(alice.client.request('/exchange/secret/key', '')).rejects.toMatchObject({
      code: 'ERR_FORBIDDEN',
    });
  });
});
