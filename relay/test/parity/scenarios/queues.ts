import type { Scenario } from '../scenario.js';

const kept: Scenario = {
  name: 'a queue keeps messages until a consumer comes',
  async run({ connect, unique, ready, note, queue }) {
    const name = unique('kept');
    const sender = await connect('sender');
    for (const body of ['1', '2', '3']) sender.send(`/queue/${name}`, body, { number: body });
    await ready(name, 3);
    await sender.disconnect();
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    await client.received(3, 'q');
    await ready(name, 0);
    note('queue', await queue(name));
  },
};

const competing: Scenario = {
  name: 'two consumers with prefetch-count 1 take turns',
  async run({ connect, unique, ready, note }) {
    const name = unique('compete');
    const destination = `/queue/${name}`;
    const [anna, ben, sender] = await Promise.all([connect('anna'), connect('ben'), connect('sender')]);
    const options = { ack: 'client-individual', 'prefetch-count': '1' };
    await anna.subscribed(destination, { id: 'a', ...options });
    await ben.subscribed(destination, { id: 'b', ...options });
    for (const body of ['1', '2', '3', '4']) sender.send(destination, body);
    const [first] = await anna.received(1, 'a');
    const [second] = await ben.received(1, 'b');
    await ready(name, 2);
    note('in flight', [anna.messages().length, ben.messages().length]);
    if (!first || !second) throw new Error('both were waited for');
    anna.ack(first);
    anna.ack(await anna.message(1, 'a'));
    anna.ack(await anna.message(2, 'a'), { receipt: 'a' });
    ben.ack(second, { receipt: 'b' });
    await Promise.all([anna.receipt('a'), ben.receipt('b'), ready(name, 0)]);
  },
};

const prefetch: Scenario = {
  name: 'prefetch-count limits the unacknowledged messages',
  async run({ connect, unique, ready, note }) {
    const name = unique('prefetch');
    const client = await connect('client');
    for (let index = 0; index < 10; index++) client.send(`/queue/${name}`, `${index}`);
    await ready(name, 10);
    await client.subscribed(`/queue/${name}`, { id: 'p', ack: 'client', 'prefetch-count': '3' });
    const [first] = await client.received(3, 'p');
    await ready(name, 7);
    note('before the first ACK', client.messages().length);
    if (!first) throw new Error('three were waited for');
    client.ack(first);
    await client.received(4, 'p');
    await ready(name, 6);
    client.ack(await client.message(3, 'p'));
    await client.received(7, 'p');
    await ready(name, 3);
    note('after both', client.messages().length);
  },
};

const unsubscribe: Scenario = {
  name: 'UNSUBSCRIBE from a queue leaves later messages in it',
  async run({ connect, unique, ready }) {
    const name = unique('leave');
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    client.send(`/queue/${name}`, '1');
    await client.received(1, 'q');
    await client.unsubscribed('q');
    client.send(`/queue/${name}`, '2');
    await ready(name, 1);
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    await client.received(2, 'q');
  },
};

const reused: Scenario = {
  name: 'a subscription id used again names the new queue',
  async run({ connect, unique, ready }) {
    const [one, two] = [unique('one'), unique('two')];
    const client = await connect('client');
    await client.subscribed(`/queue/${one}`, { id: 'q', ack: 'client' });
    client.send(`/queue/${one}`, '1');
    client.ack(await client.message(0, 'q'));
    await client.unsubscribed('q');
    await client.subscribed(`/queue/${two}`, { id: 'q', ack: 'client' });
    client.send(`/queue/${one}`, '2');
    client.send(`/queue/${two}`, '3');
    client.ack(await client.message(1, 'q'));
    await ready(one, 1);
  },
};

const noId: Scenario = {
  name: 'a STOMP 1.0 subscription without an id',
  async run({ connect, unique }) {
    const destination = `/queue/${unique('no-id')}`;
    const client = await connect('client', { versions: ['1.0'] });
    client.transmit('SUBSCRIBE', { destination, receipt: 'r' });
    await client.receipt('r');
    client.send(destination, 'hello');
    await client.received(1);
    client.transmit('UNSUBSCRIBE', { destination, receipt: 'u' });
    await client.receipt('u');
  },
};

const amqQueue: Scenario = {
  name: '/amq/queue consumes from a queue that a service declared',
  async run({ connect, unique, amqp }) {
    const name = unique('declared');
    await amqp.assertQueue(name, { durable: true, arguments: { 'x-max-length': 100 } });
    const client = await connect('client');
    await client.subscribed(`/amq/queue/${name}`, { id: 'aq', ack: 'client-individual' });
    amqp.sendToQueue(name, Buffer.from('from the service'), { headers: { colour: 'red' } });
    client.ack(await client.message(0, 'aq'));
    client.send(`/amq/queue/${name}`, 'from a client');
    client.ack(await client.message(1, 'aq'), { receipt: 'done' });
    await client.receipt('done');
  },
};

const argumentsOfQueues: Scenario = {
  name: 'queue arguments and durability from SUBSCRIBE headers',
  async run({ connect, unique, ready, queue, note }) {
    const name = unique('shaped');
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, {
      id: 'q',
      durable: 'true',
      'auto-delete': 'true',
      'x-max-length': '2',
    });
    client.send(`/queue/${name}`, '1');
    await client.received(1, 'q');
    note('declared', await queue(name));
    await client.unsubscribed('q');
    note('deleted with its last consumer', (await queue(name)) === undefined);
    const other = unique('bounded');
    const sender = await connect('sender');
    for (const body of ['1', '2', '3', '4']) sender.send(`/queue/${other}`, body, { 'x-max-length': '2' });
    await ready(other, 2);
    await client.subscribed(`/queue/${other}`, { id: 'b', 'x-max-length': '2' });
    await client.received(2, 'b');
  },
};

const stream: Scenario = {
  name: 'a thousand messages, each acknowledged, keep their order',
  async run({ connect, unique, ready }) {
    const name = unique('stream');
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(`/queue/${name}`, { id: 'q', ack: 'client-individual', 'prefetch-count': '50' });
    for (let index = 0; index < 1000; index++) sender.send(`/queue/${name}`, `${index}`);
    for (let index = 0; index < 1000; index++) client.ack(await client.message(index, 'q'));
    await client.disconnect();
    await ready(name, 0);
  },
};

export const queues = [
  kept,
  competing,
  prefetch,
  unsubscribe,
  reused,
  noId,
  amqQueue,
  argumentsOfQueues,
  stream,
];
