import { SpanKind, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const exporter = new InMemorySpanExporter();

let relay: TestRelay;
afterEach(async () => {
  await relay.close();
  exporter.reset();
  trace.disable();
});
afterAll(() => exporter.shutdown());

function spans(name: string, count: number): Promise<ReadableSpan[]> {
  return waitFor(
    () => {
      const found = exporter.getFinishedSpans().filter((span) => span.name === name);
      return found.length >= count && found;
    },
    { what: `${count} spans ${name}` },
  );
}

/** A service that sees what is published to a user. */
async function tapped(user: string) {
  const service = await Service.open();
  const tap = await service.tap('relay.user', `${user}.#`);
  return { service, tap };
}

describe('without an SDK', () => {
  beforeEach(async () => {
    relay = await startRelay();
  });

  it('the trace goes through both ways, live, unread and over HTTP, and what is malformed does not', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const { service, tap } = await tapped(alice);
    const writer = await relay.stomp(bob);
    const good = { traceparent: PARENT, tracestate: 'a=1' };
    writer.send(`/user/${alice}/topic/reply`, 'good', { ...good, receipt: 'good' });
    writer.send(`/user/${alice}/topic/reply`, 'bad', { traceparent: 'x', tracestate: 'a=1', receipt: 'bad' });
    await writer.receipt('bad');
    expect((await tap.message('good')).properties.headers).toMatchObject(good);
    expect((await tap.message('bad')).properties.headers).not.toHaveProperty('traceparent');
    expect((await tap.message('bad')).properties.headers).not.toHaveProperty('tracestate');
    const posted = await fetch(`${relay.url}/api/users/${alice}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await relay.token(bob)}`,
        'content-type': 'application/json',
        ...good,
      },
      body: JSON.stringify({ destination: '/topic/reply', body: 'posted' }),
    });
    expect(posted.status).toBe(200);
    expect((await tap.message('posted')).properties.headers).toMatchObject(good);

    // Nothing taps what is for carol: it is unread.
    const carol = unique('carol');
    writer.send(`/user/${carol}/topic/reply`, 'good', { ...good, receipt: 'for carol' });
    await writer.receipt('for carol');
    const bad = { traceparent: 'x', tracestate: 'a=1' };
    await service.toUser(carol, 'topic.reply', 'bad', { headers: bad });
    const response = await fetch(`${relay.url}/api/unread/pull`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await relay.token(carol)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ destination: '/topic/reply', settled: true }),
    });
    const { messages, lease } = (await response.json()) as { messages: { headers: object }[]; lease: string };
    expect(messages.map(({ headers }) => headers)).toEqual([
      expect.objectContaining(good),
      expect.not.objectContaining({ traceparent: expect.anything() }),
    ]);
    expect(messages[1]?.headers).not.toHaveProperty('tracestate');
    expect(lease).toBeDefined();

    const reader = await relay.stomp(carol);
    await reader.subscribed('/user/topic/reply', { id: 'mine', unread: 'replay' });
    await service.toUser(carol, 'topic.reply', 'live and bad', { headers: bad });
    await service.toUser(carol, 'topic.reply', 'live', { headers: good });
    const [first, second] = await reader.received(2);
    expect(second?.headers).toMatchObject(good);
    for (const name of ['traceparent', 'tracestate']) expect(first?.headers).not.toHaveProperty(name);
    await service.close();
  });
});

describe('with an SDK', () => {
  beforeEach(async () => {
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    relay = await startRelay();
  });

  it('a message from one user to another is a trace: the sender’s span, its SEND, its delivery', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const { service, tap } = await tapped(alice);
    const reader = await relay.stomp(alice);
    await reader.subscribed('/user/topic/reply', { id: 'mine', ack: 'client-individual' });
    const writer = await relay.stomp(bob);
    writer.send(`/user/${alice}/topic/reply`, 'hi', { traceparent: PARENT, tracestate: 'a=1', receipt: 'r' });
    await writer.receipt('r');
    const message = await reader.message(0);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['relay send']);
    reader.ack(message);
    const [deliver] = await spans('relay deliver', 1);
    const [send] = await spans('relay send', 1);
    const ids = [send, deliver].map((span) => span?.spanContext());
    expect(ids.map((each) => each?.traceId)).toEqual([TRACE, TRACE]);
    expect(send?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
    expect(deliver?.parentSpanContext?.spanId).toBe(ids[0]?.spanId);
    expect([send?.kind, deliver?.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
    for (const span of [send, deliver]) {
      expect(span?.attributes).toMatchObject({
        'messaging.system': 'rabbitmq',
        'messaging.destination.name': 'relay.user',
        'messaging.rabbitmq.destination.routing_key': `${alice}.topic.reply`,
        'messaging.message.body.size': 2,
      });
    }
    // What goes on is the span's.
    const published = (await tap.message('hi')).properties.headers;
    expect(published).toMatchObject({ traceparent: `00-${TRACE}-${ids[0]?.spanId}-01`, tracestate: 'a=1' });
    expect(message.headers).toMatchObject({
      traceparent: `00-${TRACE}-${ids[1]?.spanId}-01`,
      tracestate: 'a=1',
    });
    await service.close();
  });

  it('a topic message has one span, however many take it; a message that becomes unread, one with an error', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const readers = [await relay.stomp(alice), await relay.stomp(alice), await relay.stomp(bob)];
    const topic = `/topic/${unique('news')}`;
    for (const reader of readers) await reader.subscribed(topic, { id: 'news' });
    const service = await Service.open();
    await service.publish('amq.topic', topic.slice('/topic/'.length), 'extra');
    const shown = await Promise.all(readers.map((reader) => reader.message(0)));
    expect(new Set(shown.map(({ headers }) => headers.traceparent)).size).toBe(1);
    expect(await spans('relay deliver', 1)).toHaveLength(1);

    await readers[2]?.subscribed('/user/topic/reply', { id: 'mine', ack: 'client-individual' });
    await service.toUser(bob, 'topic.reply', 'for bob');
    await readers[2]?.message(0, 'mine');
    readers[2]?.drop();
    const [, unread] = await spans('relay deliver', 2);
    expect(unread?.attributes['error.type']).toBe('unread');
    await service.close();
  });
});
