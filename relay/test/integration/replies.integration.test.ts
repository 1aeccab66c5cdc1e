import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { userWord } from '../../src/destination.js';
import type { Service, Tap } from '../support/amqp.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import type { StompClient } from '../support/stomp.js';
import { World } from '../support/world.js';

/** Who asks may ask, and what may be named as `reply-to` is what may be sent to. */
const RULES = `
version: 1
rules:
  - subscribe: ['/topic/asked.#', '/queue/asked.#', '/topic/open.#']
    send: ['/topic/asked.#', '/queue/asked.#', '/app/#', '/topic/open.#', '/queue/open.#', '/amq/queue/open.#',
           '/exchange/amq.direct/open.#', '/temp-queue/*']
  - roles: agent
    send: '/user/*/topic/#'
`;

let world: World;
let relay: TestRelay;
let service: Service;

beforeAll(async () => {
  world = new World();
  [relay, service] = await Promise.all([world.keep(startRelay({}, RULES)), world.service()]);
});

afterAll(() => world?.close());

describe('an answer to one’s own /user/…', () => {
  /** Asks at `destination`, and answers as a service does: to the exchange and the key that reply-to names. */
  async function ask(asking: StompClient, tap: Tap, destination: string): Promise<string> {
    const question = unique('question');
    asking.send(destination, question, { 'reply-to': '/user/topic/answers', 'correlation-id': question });
    const { properties } = await tap.message(question);
    const [, , exchange = '', key = ''] = String(properties.replyTo).split('/');
    await service.publish(exchange, key, `answer to ${question}`, {
      correlationId: properties.correlationId,
    });
    const answer = (await asking.received(1, 'answers')).find(
      ({ headers }) => headers['correlation-id'] === question,
    );
    expect(answer?.body.toString()).toBe(`answer to ${question}`);
    return `${exchange} ${key}`;
  }

  it.each(['alice', 'alice@example.com', 'a%b', '100% *.#', 'a/b', 'Zoë 王'])(
    'finds %s, whatever was sent to',
    async (name) => {
      const user = unique(name);
      const taps = await Promise.all([
        service.tap('relay.app', '#'),
        service.tap('amq.topic', 'asked.#'),
        service.tap('relay.unread', 'agent.topic.ask'),
      ]);
      const token = await relay.token(user, { roles: 'agent' });
      for (const [i, destination] of [
        '/app/prices.query',
        '/topic/asked.x',
        '/user/agent/topic/ask',
      ].entries()) {
        const asking = await relay.stomp(user, { connectHeaders: { Authorization: `Bearer ${token}` } });
        await asking.subscribed('/user/topic/answers', { id: 'answers' });
        const tap = taps[i] as Tap;
        expect(await ask(asking, tap, destination)).toBe(`relay.user ${userWord(user)}.topic.answers`);
        asking.drop();
      }
    },
  );

  it('comes over a private link, too, and from a service that reads a queue', async () => {
    const queue = unique('asked');
    await service.channel.assertQueue(`asked.${queue}`, { durable: true });
    const user = unique('alice@example.com');
    const asking = await relay.stomp(user);
    await asking.subscribed('/user/topic/answers', { id: 'answers' });
    asking.send(`/queue/asked.${queue}`, 'question', { 'reply-to': '/user/topic/answers', receipt: 'sent' });
    await asking.receipt('sent');
    const question = await service.channel.get(`asked.${queue}`, { noAck: true });
    if (!question) throw new Error('the question did not arrive');
    expect(question.properties.replyTo).toBe(`/exchange/relay.user/${userWord(user)}.topic.answers`);
    await service.channel.deleteQueue(`asked.${queue}`);
  });

  it('waits in the mailbox when the asking client has gone', async () => {
    const user = unique('alice');
    const tap = await service.tap('relay.app', '#');
    const unread = await service.tapUnread(user);
    const asking = await relay.connected(user);
    const question = unique('question');
    asking.send(
      'SEND',
      { destination: '/app/x', 'reply-to': '/user/topic/answers', receipt: 'sent' },
      question,
    );
    await asking.receipt('sent');
    asking.destroy();
    const { properties } = await tap.message(question);
    const [, , exchange = '', key = ''] = String(properties.replyTo).split('/');
    await service.publish(exchange, key, 'late');
    await unread.message('late');
  });
});

describe('a client that is asked', () => {
  async function pair(): Promise<{ asking: RawClient; asked: RawClient; user: string; other: string }> {
    const [user, other] = [unique('a@b'), unique('agent')];
    const asking = await relay.connected(user);
    await asking.subscribed('answers', '/user/topic/answers');
    const asked = await relay.anonymous();
    await asked.connect({ Authorization: `Bearer ${await relay.token(other, { roles: 'agent' })}` });
    return { asking, asked, user, other };
  }

  it.each([
    ['by a topic', 'SUBSCRIBE', '/topic/asked.NAME'],
    ['by a topic with acknowledgement', 'client', '/topic/asked.NAME'],
    ['by a queue', 'SUBSCRIBE', '/queue/asked.NAME'],
  ])('%s sees where to send the answer, which rules must allow', async (_what, mode, template) => {
    const { asking, asked, user } = await pair();
    const destination = template.replace('NAME', unique('x'));
    await asked.subscribed('q', destination, mode === 'client' ? { ack: 'client' } : {});
    asking.send('SEND', { destination, 'reply-to': '/user/topic/answers' }, 'question');
    const { headers } = await asked.message('question');
    const { 'reply-to': replyTo = '' } = headers;
    expect(replyTo).toBe(`/user/${userWord(user)}/topic.answers`);
    asked.send('SEND', { destination: replyTo }, 'answer');
    expect((await asking.message('answer')).headers.destination).toBe('/user/topic/answers');

    const stranger = await relay.connected(unique('stranger'));
    stranger.send('SEND', { destination: replyTo }, 'not allowed');
    expect((await stranger.refused()).code).toBe(closures.forbidden.code);
  });

  it('by /user/… sees it live and in the mailbox', async () => {
    const { asked, other } = await pair();
    const user = unique('bob');
    const token = await relay.token(user, { roles: 'agent' });
    const bob = await relay.anonymous();
    await bob.connect({ Authorization: `Bearer ${token}` });
    await asked.subscribed('ask', '/user/topic/ask');
    bob.send('SEND', { destination: `/user/${other}/topic/ask`, 'reply-to': '/user/topic/answers' }, 'live');
    expect((await asked.message('live')).headers['reply-to']).toBe(`/user/${user}/topic.answers`);
    const unread = await service.tapUnread(other);
    asked.destroy();
    bob.send(
      'SEND',
      { destination: `/user/${other}/topic/ask`, 'reply-to': '/user/topic/answers' },
      'unread',
    );
    await unread.message('unread');
    const late = await relay.connected(other);
    await late.subscribed('ask', '/user/topic/ask', { unread: 'replay' });
    expect((await late.message('unread')).headers['reply-to']).toBe(`/user/${user}/topic.answers`);
  });
});

describe('a reply-to', () => {
  it.each([
    '/topic/open.x',
    '/queue/open.x',
    '/amq/queue/open.x',
    '/exchange/amq.direct/open.x',
    'open.x',
    '/user/topic/x',
  ])('that its sender may send to is passed on: %s', async (replyTo) => {
    const tap = await service.tap('relay.app', '#');
    const client = await relay.connected(unique('alice'));
    const question = unique('question');
    client.send('SEND', { destination: '/app/x', 'reply-to': replyTo, receipt: 'sent' }, question);
    await client.receipt('sent');
    const told = String((await tap.message(question)).properties.replyTo);
    if (replyTo.startsWith('/user/')) expect(told).toMatch(/^\/exchange\/relay\.user\/alice-\w+\.topic\.x$/);
    else expect(told).toBe(replyTo);
  });

  it.each([
    '/topic/shut.x',
    '/queue/shut.x',
    '/amq/queue/shut.x',
    '/exchange/amq.direct/shut.x',
    '/exchange/amq.direct',
    '/exchange/amq.fanout/open.x',
    '/reply-queue/amq.gen-x',
    'shut.x',
    'amq.gen-x',
    'amq.rabbitmq.reply-to.g1h2',
    '/reply-queue/open.x',
  ])('that it may not send to is refused, wherever the question goes: %s', async (replyTo) => {
    const taps = await Promise.all([service.tap('relay.app', '#'), service.tap('amq.topic', 'asked.#')]);
    for (const destination of ['/app/x', '/topic/asked.x', '/queue/asked.x']) {
      const client = await relay.connected(unique('mallory'));
      client.send('SEND', { destination, 'reply-to': replyTo, receipt: 'sent' }, 'led astray');
      const { code, error } = await client.refused();
      expect([code, error.headers.code]).toEqual([closures.forbidden.code, 'ERR_FORBIDDEN']);
    }
    // Behind it, on the links that it would have taken.
    for (let i = 0; i < 2; i++) {
      const client = await relay.connected(unique('alice'));
      client.send('SEND', { destination: '/app/x', receipt: 'sent' }, `after ${i}`);
      client.send('SEND', { destination: '/topic/asked.x', receipt: 'too' }, `after ${i}`);
      await client.receipt('too');
    }
    for (const tap of taps) {
      await tap.message('after 1');
      expect(tap.bodies()).not.toContain('led astray');
    }
  });

  it('cannot give an accomplice a way to queues that neither may send to', async () => {
    const vault = unique('vault');
    await service.channel.assertQueue(vault, { exclusive: true });
    const topic = `/topic/asked.${unique('x')}`;
    for (const replyTo of [vault, `/reply-queue/${vault}`, `/queue/${vault}`]) {
      const accomplice = await relay.connected(unique('accomplice'));
      await accomplice.subscribed('t', topic);
      const mallory = await relay.connected(unique('mallory'));
      mallory.send('SEND', { destination: topic, 'reply-to': replyTo }, 'here is the key');
      expect((await mallory.refused()).code).toBe(closures.forbidden.code);
      accomplice.send('SEND', { destination: `/reply-queue/${vault}`, receipt: 'r' }, 'broken in');
      expect((await accomplice.refused()).code).toBe(closures.forbidden.code);
    }
    expect(await service.channel.get(vault, { noAck: true })).toBe(false);
  });

  it('that only the link itself could have does not end the link that everybody shares', async () => {
    const witness = await relay.connected(unique('alice'));
    for (let i = 0; i < 2; i++) {
      const mallory = await relay.connected(unique('mallory'));
      mallory.send('SEND', {
        destination: '/topic/open.x',
        'reply-to': 'amq.rabbitmq.reply-to',
        receipt: 'r',
      });
      expect((await mallory.refused()).error.headers.code).toBe('ERR_DESTINATION_RESERVED');
    }
    const ready = (await (await fetch(`${relay.url}/readyz`)).json()) as { ready: boolean };
    expect(ready.ready).toBe(true);
    witness.send('SEND', { destination: '/topic/open.x', receipt: 'fine' });
    await witness.receipt('fine');
  });
});
