import type { Scenario } from '../scenario.js';

const sendReceive: Scenario = {
  name: 'a topic message with headers of its own reaches every subscriber',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('news')}`;
    const [anna, ben, sender] = await Promise.all([connect('anna'), connect('ben'), connect('sender')]);
    await Promise.all([anna.subscribed(topic, { id: 'a' }), ben.subscribed(topic, { id: 'b' })]);
    sender.send(topic, 'hello', { 'content-type': 'text/plain', colour: 'blue', 'x-trace': '1' });
    sender.send(topic, 'again');
    await Promise.all([anna.received(2, 'a'), ben.received(2, 'b')]);
  },
};

const own: Scenario = {
  name: 'a client gets what it sends to its own topic',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('echo')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: '0' });
    client.send(topic, 'to myself');
    await client.received(1, '0');
  },
};

const wildcards: Scenario = {
  name: 'wildcards * and # match as words of a routing key',
  async run({ connect, unique }) {
    const base = unique('stock');
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(`/topic/${base}.*`, { id: 'star' });
    await client.subscribed(`/topic/${base}.#`, { id: 'hash' });
    await client.subscribed(`/topic/${base}.*.eur`, { id: 'middle' });
    await client.subscribed(`/topic/${base}.end`, { id: 'end' });
    for (const rest of ['', '.ibm', '.ibm.eur', '.ibm.usd', '.ibm.eur.now', '.end']) {
      sender.send(`/topic/${base}${rest}`, rest);
    }
    await client.received(1, 'end');
    await client.received(6, 'hash');
    await client.received(2, 'star');
    await client.received(1, 'middle');
  },
};

const overlapping: Scenario = {
  name: 'overlapping subscriptions of one client each get the message',
  async run({ connect, unique }) {
    const base = unique('over');
    const client = await connect('client');
    await client.subscribed(`/topic/${base}.x`, { id: 'exact' });
    await client.subscribed(`/topic/${base}.x`, { id: 'same' });
    await client.subscribed(`/topic/${base}.*`, { id: 'star' });
    await client.subscribed(`/topic/${base}.#`, { id: 'hash' });
    client.send(`/topic/${base}.x`, 'one');
    client.send(`/topic/${base}.y`, 'two');
    client.send(`/topic/${base}.x`, 'three');
    await Promise.all([
      client.received(2, 'exact'),
      client.received(2, 'same'),
      client.received(3, 'star'),
      client.received(3, 'hash'),
    ]);
  },
};

const unsubscribe: Scenario = {
  name: 'after UNSUBSCRIBE nothing more comes, and the id can be used again',
  async run({ connect, unique }) {
    const first = `/topic/${unique('first')}`;
    const second = `/topic/${unique('second')}`;
    const client = await connect('client');
    await client.subscribed(first, { id: 'mine' });
    client.send(first, '1');
    await client.received(1, 'mine');
    await client.unsubscribed('mine');
    client.send(first, '2');
    await client.subscribed(second, { id: 'mine' });
    client.send(first, '3');
    client.send(second, '4');
    await client.received(2, 'mine');
  },
};

const names: Scenario = {
  name: 'topic names beyond ASCII come back escaped as RabbitMQ escapes them',
  async run({ connect, unique }) {
    const base = unique('names');
    const client = await connect('client');
    await client.subscribed(`/topic/${base}.#`, { id: 'all' });
    const rests = ['café', '价格', 'a b', 'x:y', 'back\\slash', 'emoji😀', 'user@host', '~tilde', '{}'];
    for (const rest of rests) client.send(`/topic/${base}.${rest}`, rest);
    await client.received(rests.length, 'all');
  },
};

const order: Scenario = {
  name: 'a thousand messages keep their order',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('order')}`;
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(topic, { id: '0' });
    for (let index = 0; index < 1000; index++) sender.send(topic, `${index}`, { number: `${index}` });
    await client.received(1000, '0');
  },
};

const immediately: Scenario = {
  name: 'after the RECEIPT of a SUBSCRIBE nothing is missed',
  async run({ connect, unique }) {
    const base = unique('at-once');
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    for (let index = 0; index < 40; index++) {
      await client.subscribed(`/topic/${base}.${index}`, { id: `s${index}` });
      sender.send(`/topic/${base}.${index}`, `${index}`);
    }
    await client.received(40);
  },
};

const acknowledged: Scenario = {
  name: 'a topic subscription may acknowledge, one by one and cumulatively',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('acked')}`;
    const [single, many, sender] = await Promise.all([connect('single'), connect('many'), connect('sender')]);
    await single.subscribed(topic, { id: 's', ack: 'client-individual' });
    await many.subscribed(topic, { id: 'm', ack: 'client' });
    for (const body of ['1', '2', '3']) sender.send(topic, body);
    for (const message of await single.received(3, 's')) single.ack(message);
    many.ack(await many.message(2, 'm'), { receipt: 'all' });
    await many.receipt('all');
    sender.send(topic, '4');
    await Promise.all([single.received(4, 's'), many.received(4, 'm')]);
  },
};

const nacked: Scenario = {
  name: 'a NACK on a topic subscription brings the message back',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('nacked')}`;
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(topic, { id: 'n', ack: 'client-individual' });
    sender.send(topic, 'again');
    client.nack(await client.message(0, 'n'));
    client.ack(await client.message(1, 'n'), { receipt: 'done' });
    await client.receipt('done');
  },
};

export const topics = [
  sendReceive,
  own,
  wildcards,
  overlapping,
  unsubscribe,
  names,
  order,
  immediately,
  acknowledged,
  nacked,
];
