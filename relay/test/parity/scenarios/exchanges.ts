import type { Scenario } from '../scenario.js';

const direct: Scenario = {
  name: 'a direct exchange by /exchange/<name>/<key>',
  async run({ connect, unique, amqp }) {
    const name = unique('direct');
    await amqp.assertExchange(name, 'direct', { durable: true });
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(`/exchange/${name}/red`, { id: 'red' });
    await client.subscribed(`/exchange/${name}/blue`, { id: 'blue' });
    for (const key of ['red', 'blue', 'green', 'red']) sender.send(`/exchange/${name}/${key}`, key);
    await Promise.all([client.received(2, 'red'), client.received(1, 'blue')]);
  },
};

const fanout: Scenario = {
  name: 'a fanout exchange by /exchange/<name>, with and without a key',
  async run({ connect, unique, amqp }) {
    const name = unique('fanout');
    await amqp.assertExchange(name, 'fanout', { durable: true });
    const [anna, ben] = await Promise.all([connect('anna'), connect('ben')]);
    await anna.subscribed(`/exchange/${name}`, { id: 'a' });
    await ben.subscribed(`/exchange/${name}/any`, { id: 'b' });
    anna.send(`/exchange/${name}`, 'no key');
    anna.send(`/exchange/${name}/key`, 'with key');
    await anna.received(2, 'a');
    amqp.publish(name, 'from.a/service%', Buffer.from('odd key'));
    await Promise.all([anna.received(3, 'a'), ben.received(3, 'b')]);
  },
};

const topicExchange: Scenario = {
  name: 'a topic exchange by /exchange/<name>/<pattern>',
  async run({ connect, unique, amqp }) {
    const name = unique('events');
    await amqp.assertExchange(name, 'topic', { durable: true });
    const client = await connect('client');
    await client.subscribed(`/exchange/${name}/order.*`, { id: 'star', ack: 'client' });
    await client.subscribed(`/exchange/${name}/#`, { id: 'all' });
    amqp.publish(name, 'order.created', Buffer.from('1'));
    amqp.publish(name, 'order.item.added', Buffer.from('2'));
    amqp.publish(name, 'order.%41/ü', Buffer.from('3'));
    await client.received(3, 'all');
    client.send(`/exchange/${name}/order.paid`, '4');
    await client.received(4, 'all');
    client.ack(await client.message(2, 'star'), { receipt: 'acked' });
    await client.receipt('acked');
  },
};

const amqTopic: Scenario = {
  name: '/exchange/amq.topic/… and /topic/… are the same place',
  async run({ connect, unique }) {
    const key = unique('same');
    const client = await connect('client');
    await client.subscribed(`/exchange/amq.topic/${key}`, { id: 'exchange' });
    await client.subscribed(`/topic/${key}`, { id: 'topic' });
    client.send(`/topic/${key}`, '1');
    await Promise.all([client.received(1, 'exchange'), client.received(1, 'topic')]);
    client.send(`/exchange/amq.topic/${key}`, '2', { receipt: 'sent' });
    await client.receipt('sent');
    await Promise.all([client.received(2, 'exchange'), client.received(2, 'topic')]);
  },
};

const toService: Scenario = {
  name: 'what a service sees of a message that a client sent to its exchange',
  async run({ connect, unique, amqp, take }) {
    const [name, queue] = [unique('inbox'), unique('inbox-queue')];
    await amqp.assertExchange(name, 'topic', { durable: true });
    await amqp.assertQueue(queue, { durable: true });
    await amqp.bindQueue(queue, name, '#');
    const client = await connect('client');
    client.send(`/exchange/${name}/order.create`, '{}', {
      'content-type': 'application/json',
      custom: 'a:b\nc',
      persistent: 'true',
    });
    await take('plain', queue);
    client.send(`/exchange/${name}/grüße`, '3');
    await take('unicode', queue);
  },
};

export const exchanges = [direct, fanout, topicExchange, amqTopic, toService];
