import type { Scenario } from '../scenario.js';

/** What an AMQP publisher can say that STOMP has no words for: only some of it reaches a STOMP client. */
const typed = {
  headers: {
    string: 'text: with\nescapes',
    small: 42,
    integer: 70_000,
    negative: -70_000,
    large: 5_000_000_000,
    yes: true,
    no: false,
    nothing: null,
    double: 1.5,
    list: [1, 'two'],
    table: { inner: 'value' },
    when: { '!': 'timestamp', value: 1_700_000_000 },
    short: { '!': 'short', value: 7 },
    byte: { '!': 'byte', value: 7 },
    'with space': 'x',
    'with:colon': 'y',
    subscription: 'not mine',
    'message-id': 'not mine either',
    destination: '/topic/elsewhere',
    'content-length': '99999',
  },
  contentType: 'application/x-test',
  contentEncoding: 'identity',
  correlationId: 'c-1',
  replyTo: 'amq.gen-somebody',
  messageId: 'm-1',
  timestamp: 1_700_000_000,
  type: 'test.type',
  appId: 'the service',
  priority: 5,
  expiration: '600000',
  persistent: true,
};

const binary = Buffer.from(Uint8Array.from({ length: 512 }, (_, index) => (index * 7) % 256));

const toQueue: Scenario = {
  name: 'a typed AMQP message in a queue',
  async run({ connect, unique, amqp }) {
    const name = unique('typed');
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    amqp.sendToQueue(name, binary, typed);
    amqp.sendToQueue(name, Buffer.alloc(0), {});
    await client.received(2, 'q');
  },
};

const toTopic: Scenario = {
  name: 'a typed AMQP message on a topic',
  async run({ connect, unique, amqp }) {
    const name = unique('typed');
    const client = await connect('client');
    await client.subscribed(`/topic/${name}.#`, { id: 't' });
    amqp.publish('amq.topic', `${name}.a`, binary, typed);
    amqp.publish('amq.topic', `${name}.per%cent/slash`, Buffer.from('ü'), { persistent: false });
    await client.received(2, 't');
  },
};

const oddReplyTo: Scenario = {
  name: 'an AMQP reply-to that is no destination',
  async run({ connect, unique, amqp }) {
    const name = unique('reply');
    const client = await connect('client');
    await client.subscribed(`/topic/${name}`, { id: 't' });
    for (const replyTo of ['a.queue.of.mine', '/queue/known', '/topic/known', '/somewhere/else']) {
      amqp.publish('amq.topic', name, Buffer.from(replyTo), { replyTo });
    }
    await client.received(4, 't');
  },
};

const oddKey: Scenario = {
  name: 'odd routing keys seen through /amq/queue',
  async run({ connect, unique, amqp }) {
    const [exchange, queue] = [unique('odd'), unique('odd-queue')];
    await amqp.assertExchange(exchange, 'topic', { durable: true });
    await amqp.assertQueue(queue, { durable: true });
    await amqp.bindQueue(queue, exchange, '#');
    const keys = ['alice%40example%2Ecom.topic.reply', 'a/b', 'grüße', '', 'sp ace', 'co:lon', '#', 'x\ny'];
    for (const key of keys) amqp.publish(exchange, key, Buffer.from(key));
    const client = await connect('client');
    await client.subscribed(`/amq/queue/${queue}`, { id: 'aq' });
    await client.received(keys.length, 'aq');
  },
};

export const services = [toQueue, toTopic, oddReplyTo, oddKey];
