import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { declareRevocations, declareShared } from '../../relay/src/broker/topology.js';

const { amqpUrl, managementUrl, clientUsername, clientPassword } = inject('sharedNode');
const exchanges = [
  'relay.user',
  'relay.users',
  'relay.unread',
  'relay.app',
  'relay.control',
  'relay.unread.changed',
  'relay.unread.dropped',
];
let admin: ChannelModel;
let client: ChannelModel;

beforeAll(async () => {
  admin = await connect(amqpUrl);
  const url = new URL(amqpUrl);
  url.username = clientUsername;
  url.password = clientPassword;
  client = await connect(url.href);
});

afterAll(async () => {
  await admin.close();
  await client.close();
});

async function api<T>(path: string, method = 'GET', body?: object): Promise<T> {
  const url = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
  const response = await fetch(`http://${url.host}/api/${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

type Objects = Record<'exchanges' | 'queues' | 'bindings', Record<string, unknown>[]>;

/** Without the virtual host, and in one order. */
function comparable({ exchanges, queues, bindings }: Objects): Objects {
  const sorted = (list: Record<string, unknown>[]) =>
    list
      .map(({ vhost, ...rest }) => rest)
      .sort((a, b) => String(a.name ?? a.destination).localeCompare(String(b.name ?? b.destination)));
  return { exchanges: sorted(exchanges), queues: sorted(queues), bindings: sorted(bindings) };
}

async function body(channel: Channel, queue: string): Promise<string> {
  const message = await channel.get(queue, { noAck: true });
  return message ? message.content.toString() : 'nothing';
}

/** Runs on a channel of its own, because the broker closes the channel of a refused operation. */
async function refusal(operation: (channel: Channel) => Promise<unknown>): Promise<string> {
  const channel = await client.createChannel();
  const error = once(channel, 'error').then(([reason]) => String(reason));
  const done = operation(channel).then(
    () => 'allowed',
    (reason: unknown) => String(reason),
  );
  const outcome = await Promise.race([error, done]);
  if (outcome === 'allowed') await channel.close();
  return outcome;
}

describe('definitions.json', () => {
  it('gives the exchanges, queues and the binding of the design', async () => {
    const found = await Promise.all(
      exchanges.map((name) =>
        api<{ type: string; durable: boolean; arguments: object }>(`exchanges/%2F/${name}`),
      ),
    );
    expect(found.map(({ type, durable }) => ({ type, durable }))).toEqual([
      { type: 'topic', durable: true },
      { type: 'direct', durable: true },
      { type: 'topic', durable: true },
      { type: 'topic', durable: true },
      { type: 'fanout', durable: true },
      { type: 'direct', durable: true },
      { type: 'fanout', durable: true },
    ]);
    for (const users of found.slice(0, 2)) {
      expect(users.arguments).toEqual({ 'alternate-exchange': 'relay.unread' });
    }
    const intake = await api<{ type: string; arguments: object }>('queues/%2F/relay.unread.intake');
    expect(intake).toMatchObject({ type: 'quorum', arguments: { 'x-single-active-consumer': true } });
    expect(await api('queues/%2F/relay.unread.rejected')).toMatchObject({ type: 'quorum' });
    expect(await api('queues/%2F/relay.revocations')).toMatchObject({ type: 'stream' });
    for (const path of ['relay.unread/q/relay.unread.intake', 'relay.user/e/relay.users']) {
      expect(await api<object[]>(`bindings/%2F/e/${path}`)).toMatchObject([{ routing_key: '#' }]);
    }
  });

  it('has what a relay declares by itself, no more, no less, and all of it alike', async () => {
    const vhost = `declared-${randomUUID()}`;
    await api(`vhosts/${vhost}`, 'PUT');
    try {
      await api(`permissions/${vhost}/relay`, 'PUT', { configure: '.*', write: '.*', read: '.*' });
      const connection = await connect(`${amqpUrl}/${vhost}`);
      await declareShared(connection);
      await declareRevocations(connection);
      await connection.close();
      const declared = await api<Objects>(`definitions/${vhost}`);
      const file = new URL('../definitions.json', import.meta.url);
      const given = JSON.parse(readFileSync(file, 'utf8')) as Objects;
      expect(comparable(declared)).toEqual(comparable(given));
    } finally {
      await api(`vhosts/${vhost}`, 'DELETE');
    }
  });

  it('has exactly two users, and guest is none of them', async () => {
    const users = await api<{ name: string; tags: string | string[] }[]>('users');
    expect(users.map(({ name }) => name).sort()).toEqual(['relay', 'relay-client']);
    const tags = Object.fromEntries(users.map(({ name, tags }) => [name, String(tags)]));
    expect(tags).toEqual({ relay: 'administrator', 'relay-client': '' });
  });

  it('sends a message for a user without a binding to relay.unread, whoever else listens at relay.user', async () => {
    const channel = await admin.createConfirmChannel();
    const user = `nobody-${randomUUID()}`;
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const { queue: archive } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'relay.unread', `${user}.#`);
    await channel.bindQueue(archive, 'relay.user', `${user}.#`);
    channel.publish('relay.user', `${user}.topic.reply`, Buffer.from('for later'));
    await channel.waitForConfirms();
    for (const one of [queue, archive]) expect(await body(channel, one)).toBe('for later');
    await channel.close();
  });
});

describe('the broker user of private links', () => {
  it.each(exchanges)('cannot publish to %s', async (exchange) => {
    const outcome = await refusal(async (channel) => {
      channel.publish(exchange, 'alice.topic.reply', Buffer.from('forged'));
      // Published or refused, the broker answers this only afterwards.
      await channel.checkExchange('amq.topic');
    });
    expect(outcome).toContain('403');
  });

  it.each([
    ['consume from relay.unread.intake', (c: Channel) => c.consume('relay.unread.intake', () => {})],
    ['get from relay.unread.intake', (c: Channel) => c.get('relay.unread.intake')],
    ['purge relay.unread.intake', (c: Channel) => c.purgeQueue('relay.unread.intake')],
    ['read an entry of relay.directory.1', (c: Channel) => c.get('relay.directory.1')],
    ['consume the revocations', (c: Channel) => c.consume('relay.revocations', () => {})],
    ['consume what is dropped', (c: Channel) => c.consume('relay.unread.dropped', () => {})],
    [
      'listen to relay.unread.changed',
      async (c: Channel) => {
        const { queue } = await c.assertQueue('', { exclusive: true });
        await c.bindQueue(queue, 'relay.unread.changed', 'alice');
      },
    ],
    ['delete relay.unread.rejected', (c: Channel) => c.deleteQueue('relay.unread.rejected')],
    ['declare a queue relay.mine', (c: Channel) => c.assertQueue('relay.mine')],
    ['declare an exchange relay.mine', (c: Channel) => c.assertExchange('relay.mine', 'topic')],
    [
      'bind its own queue to relay.user',
      async (c: Channel) => {
        const { queue } = await c.assertQueue('', { exclusive: true });
        await c.bindQueue(queue, 'relay.user', '#');
      },
    ],
    [
      'listen to relay.control through an exchange of its own',
      async (c: Channel) => {
        await c.assertExchange('mine', 'fanout', { autoDelete: true });
        await c.bindExchange('mine', 'relay.control', '');
      },
    ],
    [
      'dead-letter into relay.user',
      (c: Channel) => c.assertQueue('', { exclusive: true, deadLetterExchange: 'relay.user' }),
    ],
  ])('cannot %s', async (_what, operation) => {
    expect(await refusal(operation)).toContain('403');
  });

  it('can use queues and topics of its own', async () => {
    const channel = await client.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'amq.topic', 'public.news');
    channel.publish('amq.topic', 'public.news', Buffer.from('to all'));
    channel.sendToQueue(queue, Buffer.from('directly'));
    await channel.waitForConfirms();
    expect([await body(channel, queue), await body(channel, queue)]).toEqual(['to all', 'directly']);
    await channel.close();
  });
});
