import type { Scenario, ScenarioContext } from '../scenario.js';

const durable = { durable: 'true', 'auto-delete': 'false' };

async function away(
  { connect, unique, note }: ScenarioContext,
  subscribe: Record<string, string>,
  names: Record<string, string> = {},
): Promise<void> {
  const topic = `/topic/${unique('durable')}`;
  const options = { id: unique('mine'), ...subscribe, ...names };
  const leave = { durable: 'true', ...names };
  const before = await connect('before');
  await before.subscribed(topic, options);
  const sender = await connect('sender');
  sender.send(topic, '1');
  await before.received(1);
  await before.disconnect();
  // DISCONNECT's receipt: the broker has taken both.
  for (const body of ['2', '3']) sender.send(topic, body, { persistent: 'true' });
  await sender.disconnect();

  const after = await connect('after');
  await after.subscribed(topic, options);
  await after.received(2);
  await after.unsubscribed(options.id, leave);
  const late = await connect('late');
  late.send(topic, 'missed');
  await late.disconnect();
  const again = await connect('again');
  await again.subscribed(topic, options);
  again.send(topic, '4');
  await again.received(1);
  note('first after the queue was deleted', again.messages()[0]?.body);
  await again.unsubscribed(options.id, leave);
}

const kept: Scenario = {
  name: 'a durable topic subscription keeps messages while its client is away',
  run: (context) => away(context, durable),
};

const named: Scenario = {
  name: 'the same with a queue name of its own',
  run: (context) => away(context, durable, { 'x-queue-name': context.unique('durable-queue') }),
};

const acknowledged: Scenario = {
  name: 'a durable subscription keeps what was not acknowledged',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('durable-acks')}`;
    const options = { id: unique('mine'), ack: 'client-individual', ...durable };
    const before = await connect('before');
    await before.subscribed(topic, options);
    for (const body of ['1', '2', '3']) before.send(topic, body);
    const [first] = await before.received(3);
    if (!first) throw new Error('three were waited for');
    before.ack(first, { receipt: 'acked' });
    await before.receipt('acked');
    before.drop();
    const after = await connect('after');
    await after.subscribed(topic, options);
    for (const message of await after.received(2)) after.ack(message);
    await after.unsubscribed(options.id, { durable: 'true' });
  },
};

const untouched: Scenario = {
  name: 'UNSUBSCRIBE without durable:true leaves the durable queue in place',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('durable-left')}`;
    const options = { id: unique('mine'), ...durable };
    const client = await connect('client');
    await client.subscribed(topic, options);
    await client.unsubscribed(options.id);
    for (const body of ['1', '2']) client.send(topic, body);
    client.send(topic, '3', { receipt: 'sent' });
    await client.receipt('sent');
    await client.subscribed(topic, options);
    await client.received(3);
    await client.unsubscribed(options.id, { durable: 'true' });
  },
};

const onExchange: Scenario = {
  name: 'a durable subscription to an exchange with a queue name of its own',
  async run({ connect, unique, amqp, ready }) {
    const [exchange, queue] = [unique('events'), unique('events-queue')];
    await amqp.assertExchange(exchange, 'topic', { durable: true });
    const options = { id: unique('mine'), 'x-queue-name': queue, ...durable };
    const before = await connect('before');
    await before.subscribed(`/exchange/${exchange}/order.*`, options);
    await before.disconnect();
    amqp.publish(exchange, 'order.created', Buffer.from('1'), { persistent: true });
    amqp.publish(exchange, 'invoice.created', Buffer.from('not wanted'));
    amqp.publish(exchange, 'order.paid', Buffer.from('2'), { persistent: true });
    await ready(queue, 2);
    const after = await connect('after');
    await after.subscribed(`/exchange/${exchange}/order.*`, options);
    await after.received(2);
  },
};

const gone: Scenario = {
  name: 'what arrives after DISCONNECT waits for the next connection',
  async run({ connect, unique, amqp, ready }) {
    const [topic, queue] = [unique('gone'), unique('gone-queue')];
    for (let round = 1; round <= 10; round++) {
      const client = await connect(`client ${round}`);
      await client.subscribed(`/topic/${topic}`, { id: 'd', 'x-queue-name': queue, ...durable });
      if (round > 1) await client.received(1, 'd');
      await client.disconnect();
      amqp.publish('amq.topic', topic, Buffer.from(`after round ${round}`));
      await ready(queue, 1);
    }
  },
};

export const durableSubscriptions = [kept, named, acknowledged, untouched, onExchange, gone];
