import type { Scenario } from '../scenario.js';

const escapes: Scenario = {
  name: 'headers with colon, line feed, carriage return, backslash, Unicode and emoji arrive as they were',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('escapes')}`;
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(topic, { id: '0' });
    sender.send(topic, 'escapes', {
      colon: 'a:b::c',
      'line-feed': 'one\ntwo\n',
      'carriage-return': 'one\rtwo\r\n',
      backslash: 'c:\\temp\\new \\n \\c',
      unicode: 'Grüße, 价格, Ω',
      emoji: '👩‍👩‍👧 😀',
      ключ: 'value',
      spaces: '  around  ',
      empty: '',
    });
    await client.received(1, '0');
  },
};

const properties: Scenario = {
  name: 'headers that are AMQP properties keep their meaning',
  async run({ connect, unique, take, ready }) {
    const queue = unique('properties');
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    const headers = {
      'content-type': 'application/json',
      'content-encoding': 'identity',
      'correlation-id': 'order 17',
      priority: '7',
      expiration: '600000',
      persistent: 'true',
      type: 'order.created',
      timestamp: '1700000000',
      'app-id': 'parity',
      'amqp-message-id': 'm-1',
      'reply-to': '/topic/answers',
      custom: 'yes',
    };
    sender.send(`/queue/${queue}`, '{}', headers);
    sender.send(`/queue/${queue}`, '{}', headers);
    await ready(queue, 2);
    await take('what a service sees', queue);
    await client.subscribed(`/queue/${queue}`, { id: 'q' });
    await client.received(1, 'q');
  },
};

const persistence: Scenario = {
  name: 'persistent:true and persistent:false on a topic',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('persistent')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    client.send(topic, '1', { persistent: 'true' });
    client.send(topic, '2', { persistent: 'false' });
    client.send(topic, '3');
    await client.received(3, 't');
  },
};

const topicProperties: Scenario = {
  name: 'the same properties through a topic',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('props')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    client.send(topic, 'x', {
      'content-type': 'text/plain;charset=utf-8',
      'content-encoding': 'identity',
      'correlation-id': 'c:1',
      priority: '0',
      expiration: '600000',
      type: 't',
      timestamp: '1',
      'app-id': 'a',
      'amqp-message-id': 'm',
      'reply-to': '/queue/answers',
    });
    await client.received(1, 't');
  },
};

const expired: Scenario = {
  name: 'a message whose expiration has passed is never seen',
  async run({ connect, unique, ready }) {
    const queue = unique('expiry');
    const client = await connect('client');
    client.send(`/queue/${queue}`, 'short-lived', { expiration: '1' });
    client.send(`/queue/${queue}`, 'lasting');
    client.send(`/queue/${unique('confirmed')}`, '', { receipt: 'both are in' });
    await client.receipt('both are in');
    await ready(queue, 1);
    await client.subscribed(`/queue/${queue}`, { id: 'q' });
    await client.received(1, 'q');
  },
};

const many: Scenario = {
  name: 'a message with many headers',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('many')}`;
    const client = await connect('client');
    await client.subscribed(topic, { id: 't' });
    const headers = Object.fromEntries(
      Array.from({ length: 80 }, (_, index) => [`h-${index}`, `v ${index}`]),
    );
    client.send(topic, 'many', headers);
    client.send(topic, 'long', { long: 'x'.repeat(6000) });
    await client.received(2, 't');
  },
};

export const headers = [escapes, properties, persistence, topicProperties, expired, many];
