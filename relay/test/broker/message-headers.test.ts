import type { ConsumeMessage, MessageProperties } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { stompHeaders } from '../../src/broker/message-headers.js';
import { header } from '../../src/stomp/frame.js';

/** As amqplib hands over what a service published. */
function message(properties: Partial<MessageProperties> = {}, redelivered = false): ConsumeMessage {
  const none: MessageProperties = {
    ...{ contentType: undefined, contentEncoding: undefined, headers: {}, deliveryMode: undefined },
    ...{ priority: undefined, correlationId: undefined, replyTo: undefined, expiration: undefined },
    ...{ messageId: undefined, timestamp: undefined, type: undefined, userId: undefined },
    ...{ appId: undefined, clusterId: undefined },
  };
  return {
    content: Buffer.from('hi'),
    fields: { deliveryTag: 7, redelivered, exchange: 'relay.user', routingKey: 'alice.x', consumerTag: 'c' },
    properties: { ...none, ...properties },
  };
}

const PLAIN = ['redelivered', 'false'];

/** What the properties add to the headers of a message that has none. */
function shown(properties: Partial<MessageProperties>): string[] {
  const headers = stompHeaders(message(properties));
  expect(headers.slice(0, 2)).toEqual(PLAIN);
  return headers.slice(2);
}

describe('a message without properties', () => {
  it('says only whether it was delivered before', () => {
    expect(stompHeaders(message())).toEqual(['redelivered', 'false']);
    expect(stompHeaders(message({}, true))).toEqual(['redelivered', 'true']);
    expect(stompHeaders(message({ headers: undefined }))).toEqual(PLAIN);
  });
});

describe('a property', () => {
  it.each<[keyof MessageProperties, unknown, string, string]>([
    ['contentType', 'text/plain', 'content-type', 'text/plain'],
    ['contentEncoding', 'gzip', 'content-encoding', 'gzip'],
    ['priority', 4, 'priority', '4'],
    ['priority', 0, 'priority', '0'],
    ['correlationId', 'c-1', 'correlation-id', 'c-1'],
    ['expiration', '60000', 'expiration', '60000'],
    ['messageId', 'm-1', 'amqp-message-id', 'm-1'],
    ['timestamp', 1_700_000_000, 'timestamp', '1700000000'],
    ['type', 'created', 'type', 'created'],
    ['appId', 'shop', 'app-id', 'shop'],
    ['deliveryMode', 2, 'persistent', 'true'],
    ['userId', 'shop', 'user-id', 'shop'],
    ['type', '', 'type', ''],
  ])('%s %j is the header %s: %s', (property, value, name, text) => {
    expect(shown({ [property]: value })).toEqual([name, text]);
  });

  it.each<[keyof MessageProperties, unknown]>([
    ['deliveryMode', 1],
    ['clusterId', 'cluster'],
  ])('%s %j is not shown', (property, value) => {
    expect(shown({ [property]: value })).toEqual([]);
  });
});

describe('a header of the publisher', () => {
  it.each<[string, unknown, string]>([
    ['text', 'grüße', 'grüße'],
    ['no text', '', ''],
    ['several lines', 'a\r\nb:c\\d', 'a\r\nb:c\\d'],
    ['a whole number', -5, '-5'],
    ['zero', 0, '0'],
    ['a fraction', 1.5, '1.5'],
    ['true', true, 'true'],
    ['false', false, 'false'],
  ])('that is %s is shown', (_, value, text) => {
    expect(shown({ headers: { x: value } })).toEqual(['x', text]);
  });

  it.each<[string, unknown]>([
    ['a table', { a: 1 }],
    ['a list', ['a']],
    ['bytes', Buffer.from('a')],
    ['nothing', null],
    ['undefined', undefined],
    ['a timestamp', { '!': 'timestamp', value: 1 }],
    ['a decimal', { '!': 'decimal', value: { digits: 10, places: 1 } }],
  ])('that is %s is not', (_, value) => {
    expect(shown({ headers: { x: value, y: 'kept' } })).toEqual(['y', 'kept']);
  });

  it('needs a name', () => {
    expect(shown({ headers: { '': 'x', y: 'kept' } })).toEqual(['y', 'kept']);
  });

  it('stands before the properties, so that it is the one that counts', () => {
    const headers = stompHeaders(
      message({
        headers: { 'content-type': 'text/own', type: 'own' },
        contentType: 'text/plain',
        type: 'set',
      }),
    );
    expect(header(headers, 'content-type')).toBe('text/own');
    expect(header(headers, 'type')).toBe('own');
    expect(headers).toEqual([
      ...[...PLAIN, 'content-type', 'text/own', 'type', 'own'],
      ...['type', 'set', 'content-type', 'text/plain'],
    ]);
  });

  it('cannot say that the message was, or was not, delivered before', () => {
    expect(header(stompHeaders(message({ headers: { redelivered: 'false' } }, true)), 'redelivered')).toBe(
      'true',
    );
  });

  it.each(['__proto__', 'constructor', 'toString'])('may be called %s', (name) => {
    const headers = JSON.parse(`{"${name}":"x"}`) as Record<string, string>;
    expect(shown({ headers })).toEqual([name, 'x']);
  });
});

describe('reply-to', () => {
  it.each([
    ['amq.gen-1', '/reply-queue/amq.gen-1'],
    ['amq.rabbitmq.reply-to.g1h2', '/reply-queue/amq.rabbitmq.reply-to.g1h2'],
    ['answers', '/reply-queue/answers'],
    ['/not/a/destination', '/reply-queue//not/a/destination'],
    ['/queue', '/reply-queue//queue'],
    ['x/queue/y', '/reply-queue/x/queue/y'],
    ['/reply-queue/amq.gen-1', '/reply-queue/amq.gen-1'],
    ['/queue/answers', '/queue/answers'],
    ['/amq/queue/answers', '/amq/queue/answers'],
    ['/topic/answers', '/topic/answers'],
    ['/exchange/answers/key', '/exchange/answers/key'],
    ['/exchange/relay.user/a%40b.topic.reply', '/user/a%40b/topic.reply'],
  ])('%s is the destination %s', (replyTo, destination) => {
    expect(shown({ replyTo })).toEqual(['reply-to', destination]);
  });

  it('is not there when nobody asks for an answer', () => {
    expect(header(stompHeaders(message()), 'reply-to')).toBeUndefined();
  });
});

describe('NUL, which ends a STOMP frame', () => {
  it('is replaced wherever a publisher can write one', () => {
    const nul = 'a\0b\0';
    const text = { contentType: nul, contentEncoding: nul, correlationId: nul, replyTo: nul };
    const headers = stompHeaders(
      message({ ...text, expiration: nul, messageId: nul, type: nul, appId: nul, headers: { [nul]: nul } }),
    );
    expect(headers.join('')).not.toContain('\0');
    const mended = 'a\uFFFDb\uFFFD';
    expect(headers).toEqual([
      ...[...PLAIN, mended, mended, 'app-id', mended, 'type', mended, 'amqp-message-id', mended],
      ...['expiration', mended, 'reply-to', `/reply-queue/${mended}`, 'correlation-id', mended],
      ...['content-encoding', mended, 'content-type', mended],
    ]);
  });
});
