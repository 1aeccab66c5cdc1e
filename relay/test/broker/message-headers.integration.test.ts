import type { ConsumeMessage, Options } from 'amqplib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stompHeaders } from '../../src/broker/message-headers.js';
import type { Frame, HeaderList } from '../../src/stomp/frame.js';
import { Link } from '../../src/upstream/link.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { linkOptions } from '../support/links.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

/** Headers that name one delivery of the plugin's; the relay writes its own. */
const DELIVERY = new Set(['subscription', 'destination', 'message-id', 'ack', 'content-length']);

let service: Service;
let link: Link;
let exchange: string;
let frames: Frame[];
let messages: ConsumeMessage[];

beforeEach(async () => {
  service = await Service.open();
  exchange = unique('headers');
  frames = [];
  messages = [];
  await service.channel.assertExchange(exchange, 'fanout', { autoDelete: true });
  for (const name of [`${exchange}-stomp`, `${exchange}-amqp`]) {
    await service.channel.assertQueue(name, { durable: true });
    await service.channel.bindQueue(name, exchange, '');
  }
  await service.channel.consume(`${exchange}-amqp`, (message) => message && messages.push(message), {
    noAck: true,
  });
  link = new Link(linkOptions(broker().webStompUrl), {
    onUp: () => link.send('SUBSCRIBE', ['id', 's', 'destination', `/amq/queue/${exchange}-stomp`]),
    onFrame: (frame) => frames.push(frame),
    onError: () => {},
    onDown: () => {},
  });
  link.open();
});
afterEach(async () => {
  await link.close();
  for (const name of ['stomp', 'amqp']) await service.channel.deleteQueue(`${exchange}-${name}`);
  await service.close();
});

/** As a reader sees them: of a repeated name the first counts; the order of names says nothing. */
function seen(headers: HeaderList): Record<string, string> {
  const result: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!DELIVERY.has(name)) result[name] ??= headers[i + 1] as string;
  }
  return result;
}

async function both(options: Options.Publish): Promise<[Record<string, string>, Record<string, string>]> {
  await service.publish(exchange, '', 'hi', options);
  await waitFor(() => frames.length > 0 && messages.length > 0, { what: 'the message on both ways' });
  return [seen(stompHeaders(messages[0] as ConsumeMessage)), seen((frames[0] as Frame).headers)];
}

it.each<[string, Options.Publish]>([
  ['nothing', {}],
  [
    'every property',
    {
      ...{ contentType: 'text/plain', contentEncoding: 'gzip', persistent: true, priority: 3 },
      ...{
        correlationId: 'c',
        replyTo: 'answers',
        expiration: '60000',
        messageId: 'm',
        timestamp: 1_700_000_000,
      },
      ...{ type: 't', appId: 'shop', userId: 'relay' },
    },
  ],
  ['empty properties', { contentType: '', correlationId: '', type: '', messageId: '', replyTo: '' }],
  ['priority 0', { priority: 0 }],
  [
    'headers of the types that it knows, and of those that it does not',
    {
      headers: {
        ...{
          text: 'grüße: with\nescapes\\',
          empty: '',
          integer: 70_000,
          negative: -70_000,
          large: 5_000_000_000,
        },
        ...{ nothing: null, list: ['a', 1], table: { a: 'b' }, bytes: Buffer.from('bytes') },
        when: { '!': 'timestamp', value: 1_700_000_000 },
        decimal: { '!': 'decimal', value: { digits: 123, places: 2 } },
      },
    },
  ],
  [
    'headers that are called like properties',
    {
      ...{ type: 'set', contentType: 'text/set', replyTo: 'set', messageId: 'set', persistent: true },
      headers: {
        ...{ type: 'own', 'content-type': 'text/own', 'reply-to': 'own', 'amqp-message-id': 'own' },
        ...{ persistent: 'own', redelivered: 'own' },
      },
    },
  ],
  ['reply-to a destination', { replyTo: '/topic/answers' }],
  ['reply-to no destination', { replyTo: '/some/where' }],
])('shows what RabbitMQ’s own STOMP plugin shows: %s', async (_, options) => {
  const [ours, plugins] = await both(options);
  expect(ours).toEqual(plugins);
});

it('shows more than the plugin where that hides numbers and truth values by their width', async () => {
  const numbers = { byte: 7, short: 300, unsigned: { '!': 'uint32', value: 4_000_000_000 }, half: 1.5 };
  const [ours, plugins] = await both({ headers: { ...numbers, yes: true, no: false } });
  const more = { byte: '7', short: '300', unsigned: '4000000000', half: '1.5', yes: 'true', no: 'false' };
  expect(plugins).toEqual({ redelivered: 'false' });
  expect(ours).toEqual({ ...plugins, ...more });
});

it('does not show delivery mode 1, which the plugin writes as persistent:1', async () => {
  const [ours, plugins] = await both({ deliveryMode: 1 });
  expect(plugins).toEqual({ redelivered: 'false', persistent: '1' });
  expect(ours).toEqual({ redelivered: 'false' });
});
