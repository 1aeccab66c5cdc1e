import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClosureName, closures } from '../../src/closures.js';
import { Service } from '../support/amqp.js';
import { frame, type RawClient, type RawOptions } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let relay: TestRelay;
/** Short of room, and quick to ask whether a client is there. */
let strict: TestRelay;
/** Gives a client little time to connect. */
let hurried: TestRelay;
let service: Service;

beforeAll(async () => {
  [relay, strict, hurried, service] = await Promise.all([
    startRelay(),
    startRelay({
      RELAY_PING_INTERVAL: '1000',
      RELAY_CONFIRM_TIMEOUT: '1000',
      RELAY_MAX_SUBSCRIPTIONS: '3',
      RELAY_MAX_TRANSACTIONS: '2',
      RELAY_MAX_HEADERS: '8',
      RELAY_MAX_HEADER_BYTES: '256',
    }),
    startRelay({ RELAY_CONNECT_TIMEOUT: '300' }),
    Service.open(),
  ]);
});

afterAll(async () => {
  await Promise.all([relay?.close(), strict?.close(), hurried?.close(), service?.close()]);
});

/** Asserts the ERROR frame and the close that belong together; returns the frame's headers. */
async function expectRefused(
  client: RawClient,
  closure: ClosureName,
  code: string,
  receipt?: string,
): Promise<Record<string, string>> {
  const { error, ...closed } = await client.refused();
  expect({ ...closed, error: error.headers.code }).toEqual({
    code: closures[closure].code,
    reason: closures[closure].reason,
    error: code,
  });
  expect(error.headers.message).toBeTruthy();
  expect(error.body.length).toBeGreaterThan(0);
  expect(error.headers['receipt-id']).toBe(receipt);
  return error.headers;
}

function connected(options?: RawOptions, headers?: Record<string, string>): Promise<RawClient> {
  return relay.connected(unique('alice'), options, headers);
}

describe('CONNECT', () => {
  it.each([
    ['1.0,1.1,1.2', '1.2'],
    ['1.2', '1.2'],
    ['1.1,1.0', '1.1'],
    ['1.0', '1.0'],
    ['1.2,2.0', '1.2'],
    [' 1.1 , 3.0', '1.1'],
    [undefined, '1.0'],
  ])('agrees on a version: accept-version %s gives %s', async (accept, version) => {
    const client = await relay.raw(unique('alice'));
    client.send('CONNECT', accept === undefined ? {} : { 'accept-version': accept });
    const { headers } = await client.frame(({ command }) => command === 'CONNECTED', 'CONNECTED');
    expect(headers.version).toBe(version);
  });

  it('is refused when no version is common, naming those that are', async () => {
    const client = await relay.raw(unique('alice'));
    client.send('CONNECT', { 'accept-version': '2.0,0.9' });
    const headers = await expectRefused(client, 'protocolError', 'ERR_UNSUPPORTED_VERSION');
    expect(headers.version).toBe('1.0,1.1,1.2');
  });

  it('is answered with what PROTOCOL.md lists, and may be called STOMP', async () => {
    const client = await relay.raw('Zoë:x@example.com');
    client.send('STOMP', { 'accept-version': '1.2', host: 'anywhere', 'heart-beat': '0,0' });
    const { headers } = await client.frame(({ command }) => command === 'CONNECTED', 'CONNECTED');
    const names = ['heart-beat', 'relay-node', 'server', 'session', 'user-name', 'version'];
    expect(Object.keys(headers).sort()).toEqual(names);
    expect(headers['relay-node']).toBe(relay.node);
    expect(headers['user-name']).toBe('Zo%C3%AB%3Ax%40example.com');
    expect(headers.session).toBeTruthy();
  });

  it.each([
    [['v12.stomp', 'v11.stomp', 'v10.stomp'], 'v12.stomp'],
    [['v10.stomp', 'v11.stomp'], 'v11.stomp'],
    [['v10.stomp'], 'v10.stomp'],
    [[], ''],
  ])('is preceded by a sub-protocol: of %s it is "%s"', async (protocols, chosen) => {
    const client = await connected({ protocols });
    expect(client.socket.protocol).toBe(chosen);
  });

  it('twice is refused', async () => {
    const client = await connected();
    client.send('CONNECT', { 'accept-version': '1.2', receipt: 'again' });
    await expectRefused(client, 'protocolError', 'ERR_UNEXPECTED_COMMAND', 'again');
  });

  it.each(['10', '1,2,3', 'a,b', '-1,0', '1.5,1'])('with the heart-beat %s is refused', async (value) => {
    const client = await relay.raw(unique('alice'));
    client.send('CONNECT', { 'accept-version': '1.2', 'heart-beat': value });
    await expectRefused(client, 'protocolError', 'ERR_BAD_HEARTBEAT');
  });

  it.each<[string, (client: RawClient) => unknown]>([
    ['nothing', () => undefined],
    ['line ends only', (client) => every(client, () => client.write('\n'))],
    ['a frame that never ends', (client) => client.write('CONNECT\naccept-version:1.2\n')],
    ['a frame that grows and grows', (client) => every(client, () => client.write('x:y\n'), 'CONNECT\n')],
  ])('must come in time: %s', async (_name, act) => {
    const client = await hurried.raw(unique('alice'));
    const stop = act(client);
    await expectRefused(client, 'connectTimeout', 'ERR_CONNECT_TIMEOUT');
    if (typeof stop === 'function') stop();
  });
});

/** Does something often until the returned function is called or the client is closed. */
function every(client: RawClient, action: () => void, first?: string): () => void {
  if (first) client.write(first);
  const timer = setInterval(() => (client.closed ? clearInterval(timer) : action()), 100);
  return () => clearInterval(timer);
}

describe.concurrent('heart-beats', () => {
  it('are kept both ways, down to a second', async () => {
    const client = await connected({}, { 'heart-beat': '1000,1000' });
    expect(client.frames[0]?.headers['heart-beat']).toBe('1000,1000');
    const stop = every(client, () => client.write('\n'));
    await waitFor(() => client.heartbeats >= 3, { what: 'three heart-beats' });
    stop();
    expect(client.closed).toBeUndefined();
  });

  it('of a client that sends frames instead are not missed', async () => {
    const client = await connected({}, { 'heart-beat': '1000,1000' });
    const transaction = { transaction: 'x' };
    const stop = every(client, () => client.write(frame('BEGIN', transaction) + frame('ABORT', transaction)));
    await waitFor(() => client.heartbeats >= 3, { what: 'three heart-beats' });
    stop();
    expect(client.closed).toBeUndefined();
  });

  it('that stop end the connection with 4409', async () => {
    const client = await connected({}, { 'heart-beat': '1000,0' });
    const { code, reason } = await client.over();
    expect({ code, reason }).toEqual({
      code: closures.heartbeatLost.code,
      reason: closures.heartbeatLost.reason,
    });
    expect(client.heartbeats).toBe(0);
  });

  it('that were not agreed on are replaced by pings', async () => {
    const client = await strict.connected(unique('alice'), {}, { 'heart-beat': '0,0' });
    await waitFor(() => client.pings.length >= 2, { what: 'two pings' });
    expect(client.heartbeats).toBe(0);
    client.send('DISCONNECT', { receipt: 'alive' });
    await client.receipt('alive');
  });

  it('that were not agreed on do not keep the dead: unanswered pings end the connection', async () => {
    const client = await strict.connected(unique('alice'), { socket: { autoPong: false } });
    const { code } = await client.over();
    expect([closures.heartbeatLost.code, closures.slowConsumer.code]).toContain(code);
  });
});

describe('frames at the wrong time', () => {
  it.each(['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'COMMIT', 'ABORT', 'DISCONNECT'])(
    '%s before CONNECT',
    async (command) => {
      const client = await relay.raw(unique('alice'));
      client.send(command, { destination: '/topic/x', id: '1', transaction: 't', receipt: 'r' });
      await expectRefused(client, 'protocolError', 'ERR_UNEXPECTED_COMMAND', 'r');
    },
  );

  it('after an ERROR have no effect', async () => {
    const key = unique('late');
    const tap = await service.tap('amq.topic', `${key}.#`);
    const client = await connected();
    client.write(
      frame('UNSUBSCRIBE', { id: 'none' }) + frame('SEND', { destination: `/topic/${key}` }, 'too late'),
    );
    client.send('SEND', { destination: `/topic/${key}` }, 'much too late');
    await expectRefused(client, 'protocolError', 'ERR_NO_SUBSCRIPTION');
    await service.toTopic(`${key}.fence`, 'fence');
    await tap.message('fence');
    expect(tap.bodies()).toEqual(['fence']);
    expect(client.frames.filter(({ command }) => command === 'ERROR')).toHaveLength(1);
  });

  it('after DISCONNECT have no effect', async () => {
    const key = unique('late');
    const tap = await service.tap('amq.topic', `${key}.#`);
    const client = await connected();
    const send = (body: string) => frame('SEND', { destination: `/topic/${key}` }, body);
    client.write(send('before') + frame('DISCONNECT', { receipt: 'bye' }) + send('after'));
    await client.receipt('bye');
    expect(await client.over()).toEqual({ code: closures.normal.code, reason: closures.normal.reason });
    await tap.message('before');
    await service.toTopic(`${key}.fence`, 'fence');
    await tap.message('fence');
    expect(tap.bodies()).toEqual(['before', 'fence']);
  });
});

describe('frames that break STOMP', () => {
  it.each<[string, string, string]>([
    ['an unknown command', frame('SUBSCRIBER', { id: '1' }), 'ERR_BAD_COMMAND'],
    ['a command in lower case', frame('send', { destination: '/topic/x' }), 'ERR_BAD_COMMAND'],
    ['a command of servers', frame('MESSAGE', { destination: '/topic/x' }), 'ERR_BAD_COMMAND'],
    ['another command of servers', frame('CONNECTED', { version: '1.2' }), 'ERR_BAD_COMMAND'],
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'ERR_BAD_COMMAND'],
    ['a line of white space', ' \nSEND\n\n\0', 'ERR_BAD_COMMAND'],
    ['an undefined escape', frame('SEND', { destination: '/topic/x', a: 'b\\t' }), 'ERR_BAD_ESCAPE'],
    ['an escape without an end', frame('SEND', { destination: '/topic/x', a: 'b\\' }), 'ERR_BAD_ESCAPE'],
    ['an undefined escape in a name', frame('SEND', { 'a\\x': 'b' }), 'ERR_BAD_ESCAPE'],
    ['a header without a colon', 'SEND\ndestination:/topic/x\nnonsense\n\n\0', 'ERR_BAD_HEADER'],
    ['a header without a name', 'SEND\ndestination:/topic/x\n:value\n\n\0', 'ERR_BAD_HEADER'],
    ['a CR inside a header', 'SEND\ndestination:/topic/x\na:b\rc\n\n\0', 'ERR_BAD_HEADER'],
    ['a NUL inside the headers', 'SEND\ndestination:/topic/x\na:b\0c\n\n\0', 'ERR_BAD_HEADER'],
    [
      'a content-length that is no number',
      frame('SEND', { 'content-length': '1e1' }),
      'ERR_BAD_CONTENT_LENGTH',
    ],
    ['a negative content-length', frame('SEND', { 'content-length': '-1' }), 'ERR_BAD_CONTENT_LENGTH'],
    ['two content-lengths', 'SEND\ncontent-length:1\ncontent-length:2\n\nab\0', 'ERR_BAD_CONTENT_LENGTH'],
    ['a body longer than its length', frame('SEND', { 'content-length': '1' }, 'abc'), 'ERR_MISSING_NUL'],
  ])('%s', async (_name, bytes, code) => {
    const client = await connected();
    client.write(bytes);
    await expectRefused(client, 'protocolError', code);
  });

  it('headers that are not UTF-8', async () => {
    const client = await connected();
    client.write(
      Buffer.concat([Buffer.from('SEND\ndestination:/topic/'), Buffer.from([0xff]), Buffer.from('\n\n\0')]),
    );
    await expectRefused(client, 'protocolError', 'ERR_BAD_HEADER');
  });

  it('text messages that are not UTF-8 end the connection as RFC 6455 says', async () => {
    const client = await connected();
    client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await client.over()).code).toBe(1007);
  });

  it('what the version does not have: \\r in 1.1, NACK in 1.0', async () => {
    const old = await connected({}, { 'accept-version': '1.1' });
    old.send('SEND', { destination: '/topic/x', a: 'b\\r' });
    await expectRefused(old, 'protocolError', 'ERR_BAD_ESCAPE');
    const older = await connected({}, { 'accept-version': '1.0' });
    older.send('NACK', { 'message-id': '1' });
    await expectRefused(older, 'protocolError', 'ERR_BAD_COMMAND');
  });

  it('headers beyond the limits', async () => {
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`h${i}`, 'x']));
    const crowded = await strict.connected(unique('alice'));
    crowded.send('SEND', { destination: '/topic/x', ...many });
    await expectRefused(crowded, 'protocolError', 'ERR_TOO_MANY_HEADERS');
    const long = await strict.connected(unique('alice'));
    long.send('SEND', { destination: '/topic/x', a: 'x'.repeat(300) });
    await expectRefused(long, 'protocolError', 'ERR_HEADER_TOO_LONG');
    const fine = await strict.connected(unique('alice'));
    fine.send('SEND', { destination: '/topic/x', receipt: 'fits', a: 'x'.repeat(250) });
    await fine.receipt('fits');
  });

  it.each<[string, Record<string, string>]>([
    ['SEND', {}],
    ['SUBSCRIBE', { destination: '/topic/x' }],
    ['SUBSCRIBE', { id: '1' }],
    ['UNSUBSCRIBE', { destination: '/topic/x' }],
    ['ACK', { 'message-id': '1', subscription: '1' }],
    ['NACK', {}],
    ['BEGIN', {}],
    ['COMMIT', {}],
    ['ABORT', {}],
  ])('a header that %s needs is missing: %o', async (command, headers) => {
    const client = await connected();
    client.send(command, { ...headers, receipt: 'r' });
    await expectRefused(client, 'protocolError', 'ERR_MISSING_HEADER', 'r');
  });
});

describe('frames that ask for what is not there', () => {
  it.each<[string, string, Record<string, string>, ClosureName, string]>([
    [
      'a subscription id twice',
      'SUBSCRIBE',
      { id: 's', destination: '/topic/y' },
      'protocolError',
      'ERR_DUPLICATE_SUBSCRIPTION',
    ],
    ['an unknown subscription', 'UNSUBSCRIBE', { id: 'none' }, 'protocolError', 'ERR_NO_SUBSCRIPTION'],
    [
      'an unknown ack mode',
      'SUBSCRIBE',
      { id: '2', destination: '/topic/y', ack: 'never' },
      'protocolError',
      'ERR_BAD_ACK_MODE',
    ],
    ['an unknown message', 'ACK', { id: '1:none-1' }, 'protocolError', 'ERR_UNKNOWN_ACK'],
    ['an unknown message', 'NACK', { id: 'T_s@@session-x@@1' }, 'protocolError', 'ERR_UNKNOWN_ACK'],
    [
      'an unknown transaction',
      'SEND',
      { destination: '/topic/x', transaction: 'none' },
      'protocolError',
      'ERR_BAD_TRANSACTION',
    ],
    [
      'an unknown transaction',
      'SEND',
      { destination: '/queue/x', transaction: 'none' },
      'protocolError',
      'ERR_BAD_TRANSACTION',
    ],
    ['an unknown transaction', 'COMMIT', { transaction: 'none' }, 'protocolError', 'ERR_BAD_TRANSACTION'],
    ['an unknown transaction', 'ABORT', { transaction: 'none' }, 'protocolError', 'ERR_BAD_TRANSACTION'],
    [
      'a message-id on SEND',
      'SEND',
      { destination: '/topic/x', 'message-id': 'x' },
      'protocolError',
      'ERR_BAD_HEADER',
    ],
    [
      'a bad priority',
      'SEND',
      { destination: '/topic/x', priority: 'high' },
      'protocolError',
      'ERR_BAD_HEADER',
    ],
    [
      'a bad expiration',
      'SEND',
      { destination: '/topic/x', expiration: '-5' },
      'protocolError',
      'ERR_BAD_HEADER',
    ],
    [
      'a bad prefetch-count',
      'SUBSCRIBE',
      { id: '2', destination: '/queue/x', 'prefetch-count': 'x' },
      'protocolError',
      'ERR_BAD_HEADER',
    ],
    [
      'no such destination',
      'SEND',
      { destination: '/nowhere/x' },
      'protocolError',
      'ERR_DESTINATION_UNKNOWN',
    ],
    ['no destination at all', 'SEND', { destination: 'x' }, 'protocolError', 'ERR_DESTINATION_UNKNOWN'],
    [
      'an empty destination',
      'SUBSCRIBE',
      { id: '2', destination: '' },
      'protocolError',
      'ERR_DESTINATION_INVALID',
    ],
    ['an empty word', 'SEND', { destination: '/topic/a..b' }, 'protocolError', 'ERR_DESTINATION_INVALID'],
    ['a wildcard in SEND', 'SEND', { destination: '/topic/a.*' }, 'protocolError', 'ERR_DESTINATION_INVALID'],
    [
      'a wildcard for a user',
      'SEND',
      { destination: '/user/*/topic/x' },
      'protocolError',
      'ERR_DESTINATION_INVALID',
    ],
    [
      'a wildcard for one’s own',
      'SUBSCRIBE',
      { id: '2', destination: '/user/#' },
      'protocolError',
      'ERR_DESTINATION_INVALID',
    ],
    [
      'a user without a destination',
      'SEND',
      { destination: '/user/bob' },
      'protocolError',
      'ERR_DESTINATION_INVALID',
    ],
    [
      'a key of 256 bytes',
      'SEND',
      { destination: `/topic/${'x'.repeat(256)}` },
      'protocolError',
      'ERR_DESTINATION_TOO_LONG',
    ],
    [
      'a reply-to that is no destination',
      'SEND',
      { destination: '/topic/x', 'reply-to': '/x' },
      'protocolError',
      'ERR_DESTINATION_INVALID',
    ],
  ])('%s: %s %o', async (_name, command, headers, closure, code) => {
    const client = await connected();
    await client.subscribed('s', '/topic/x');
    client.send(command, { ...headers, receipt: 'r' });
    await expectRefused(client, closure, code, 'r');
  });

  it('leave everybody else alone', async () => {
    const key = unique('others');
    const [neighbour, offender] = await Promise.all([connected(), connected()]);
    for (const client of [neighbour, offender]) await client.subscribed('s', `/topic/${key}`);
    offender.send('SEND', { destination: '/topic/x', priority: '1000' });
    await offender.refused();
    neighbour.send('SEND', { destination: `/topic/${key}` }, 'still here');
    await neighbour.message('still here');
  });

  it('more than a session may have: subscriptions and transactions', async () => {
    const reader = await strict.connected(unique('alice'));
    for (const id of ['1', '2', '3']) await reader.subscribed(id, '/topic/x');
    reader.send('SUBSCRIBE', { id: '4', destination: '/topic/x', receipt: 'r' });
    await expectRefused(reader, 'limitExceeded', 'ERR_TOO_MANY_SUBSCRIPTIONS', 'r');

    const writer = await strict.connected(unique('alice'));
    writer.send('BEGIN', { transaction: '1' });
    writer.send('BEGIN', { transaction: '2' });
    writer.send('COMMIT', { transaction: '1' });
    writer.send('BEGIN', { transaction: '1', receipt: 'fits' });
    await writer.receipt('fits');
    writer.send('BEGIN', { transaction: '3', receipt: 'r' });
    await expectRefused(writer, 'limitExceeded', 'ERR_TOO_MANY_TRANSACTIONS', 'r');
  });
});

describe('receipts', () => {
  it('answer every command, in the order of one destination', async () => {
    const [alice, key] = [unique('alice'), unique('receipts')];
    const client = await relay.connected(alice);
    const ask = async (command: string, headers: Record<string, string>, body = '') => {
      const receipt = `${command} ${client.frames.length}`;
      client.send(command, { ...headers, receipt }, body);
      await client.receipt(receipt);
    };
    for (const destination of [`/topic/${key}`, '/user/topic/reply', `/queue/${key}`]) {
      const id = destination;
      const target = destination.replace('/user', `/user/${alice}`);
      await ask('SUBSCRIBE', { id, destination, ack: 'client-individual' });
      for (const body of ['acked', 'nacked', 'acked in a transaction']) {
        await ask('SEND', { destination: target }, `${body} ${id}`);
      }
      const ackOf = async (body: string) => (await client.message(`${body} ${id}`)).headers.ack ?? '';
      await ask('ACK', { id: await ackOf('acked') });
      if (destination === '/user/topic/reply') await ask('NACK', { id: await ackOf('nacked') });
      else await ask('NACK', { id: await ackOf('nacked'), requeue: 'false' });
      await ask('BEGIN', { transaction: id });
      await ask('ACK', { id: await ackOf('acked in a transaction'), transaction: id });
      await ask('COMMIT', { transaction: id });
      await ask('BEGIN', { transaction: id });
      await ask('ABORT', { transaction: id });
      await ask('UNSUBSCRIBE', { id });
    }
    await ask('DISCONNECT', {});
    expect((await client.over()).code).toBe(closures.normal.code);
  });

  it('of SENDs in a transaction come once it is committed', async () => {
    const client = await connected();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: `/topic/${unique('x')}`, transaction: 't', receipt: 'in it' });
    client.send('SEND', { destination: `/topic/${unique('x')}`, receipt: 'beside it' });
    await client.receipt('beside it');
    expect(client.frames.some(({ headers }) => headers['receipt-id'] === 'in it')).toBe(false);
    client.send('COMMIT', { transaction: 't', receipt: 'committed' });
    await client.receipt('in it');
    await client.receipt('committed');
  });

  it('carry the id as it was written, escapes and all', async () => {
    const client = await connected();
    client.send('BEGIN', { transaction: 't', receipt: 'a\\cb\\nc\\\\d\\re ü' });
    await client.receipt('a\\cb\\nc\\\\d\\re ü');
  });

  it('of DISCONNECT come after everything that was sent is confirmed', async () => {
    const key = unique('last');
    const tap = await service.tap('amq.topic', key);
    const client = await connected();
    const bodies = Array.from({ length: 200 }, (_, i) => String(i));
    const sends = bodies.map((body) =>
      frame('SEND', { destination: `/topic/${key}`, receipt: `s${body}` }, body),
    );
    client.write(sends.join('') + frame('DISCONNECT', { receipt: 'bye' }));
    await client.receipt('bye');
    const receipts = client.frames.slice(1).map(({ headers }) => headers['receipt-id']);
    expect(receipts).toEqual([...bodies.map((body) => `s${body}`), 'bye']);
    await tap.message('199');
    expect(tap.bodies()).toEqual(bodies);
  });
});

describe('transactions', () => {
  /** A client with one subscription to a topic and one to itself, and the same destinations for SEND. */
  async function participant() {
    const [alice, key] = [unique('alice'), unique('tx')];
    const client = await relay.connected(alice);
    await client.subscribed('t', `/topic/${key}`);
    await client.subscribed('u', '/user/topic/reply');
    const targets = [`/topic/${key}`, `/user/${alice}/topic/reply`];
    const send = (body: string, transaction?: string) => {
      for (const destination of targets) {
        client.send('SEND', { destination, ...(transaction ? { transaction } : {}) }, body);
      }
    };
    const seen = (id: string) =>
      client
        .messages()
        .filter(({ headers }) => headers.subscription === id)
        .map(({ body }) => body.toString());
    const both = (body: string) =>
      waitFor(() => seen('t').includes(body) && seen('u').includes(body), {
        what: () => `${body} on both; have ${seen('t')} and ${seen('u')}`,
      });
    return { client, alice, send, seen, both };
  }

  it('show nothing before COMMIT, then all in order, to topics and users', async () => {
    const { client, send, seen, both } = await participant();
    client.send('BEGIN', { transaction: 't' });
    send('one', 't');
    send('two', 't');
    send('outside');
    await both('outside');
    expect([seen('t'), seen('u')]).toEqual([['outside'], ['outside']]);
    client.send('COMMIT', { transaction: 't', receipt: 'committed' });
    await client.receipt('committed');
    await both('two');
    expect([seen('t'), seen('u')]).toEqual([
      ['outside', 'one', 'two'],
      ['outside', 'one', 'two'],
    ]);
  });

  it('drop everything on ABORT, and the name can be used again', async () => {
    const { client, send, seen, both } = await participant();
    client.send('BEGIN', { transaction: 't' });
    send('aborted', 't');
    client.send('ABORT', { transaction: 't' });
    client.send('BEGIN', { transaction: 't' });
    send('committed', 't');
    client.send('COMMIT', { transaction: 't' });
    await both('committed');
    expect([seen('t'), seen('u')]).toEqual([['committed'], ['committed']]);
  });

  it('drop everything when the client goes', async () => {
    const key = unique('gone');
    const tap = await service.tap('amq.topic', `${key}.#`);
    const client = await connected();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: `/topic/${key}`, transaction: 't' }, 'never committed');
    client.send('DISCONNECT', { receipt: 'bye' });
    await client.over();
    await service.toTopic(`${key}.fence`, 'fence');
    await tap.message('fence');
    expect(tap.bodies()).toEqual(['fence']);
  });

  it('side by side do not mix', async () => {
    const { client, send, seen, both } = await participant();
    for (const transaction of ['a', 'b']) client.send('BEGIN', { transaction });
    send('in a', 'a');
    send('in b', 'b');
    client.send('COMMIT', { transaction: 'b' });
    await both('in b');
    client.send('ABORT', { transaction: 'a' });
    send('end');
    await both('end');
    expect([seen('t'), seen('u')]).toEqual([
      ['in b', 'end'],
      ['in b', 'end'],
    ]);
  });

  it('hold queues and topics together', async () => {
    const key = unique('both');
    const [topic, client] = [await service.tap('amq.topic', `${key}.#`), await connected()];
    await client.subscribed('q', `/queue/${key}`);
    client.send('BEGIN', { transaction: 't' });
    for (const destination of [`/queue/${key}`, `/topic/${key}`]) {
      client.send('SEND', { destination, transaction: 't' }, 'together');
    }
    client.send('SEND', { destination: `/queue/${key}` }, 'outside');
    client.send('SEND', { destination: `/topic/${key}.fence` }, 'outside');
    await client.message('outside');
    await topic.message('outside');
    expect([client.bodies(), topic.bodies()]).toEqual([['outside'], ['outside']]);
    client.send('COMMIT', { transaction: 't', receipt: 'committed' });
    await client.receipt('committed');
    await client.message('together');
    await topic.message('together');
  });

  it.each([
    ['COMMIT', []],
    ['ABORT', ['1', '2']],
  ])('hold ACKs of user messages: %s leaves unread %j', async (end, expected) => {
    const alice = unique('alice');
    const unread = await service.tapUnread(alice);
    const client = await relay.connected(alice);
    await client.subscribed('s', '/user/topic/reply', { ack: 'client-individual' });
    for (const body of ['1', '2', '3']) await service.toUser(alice, 'topic.reply', body);
    const ackOf = async (body: string) => (await client.message(body)).headers.ack ?? '';
    client.send('BEGIN', { transaction: 't' });
    for (const body of ['1', '2']) client.send('ACK', { id: await ackOf(body), transaction: 't' });
    client.send(end, { transaction: 't', receipt: 'ended' });
    await client.receipt('ended');
    // Given back in order when the client goes: the third comes last.
    client.destroy();
    await unread.message('3');
    expect(unread.bodies()).toEqual([...expected, '3']);
  });

  it('begin once', async () => {
    const client = await connected();
    client.send('BEGIN', { transaction: 't' });
    client.send('BEGIN', { transaction: 't', receipt: 'r' });
    await expectRefused(client, 'protocolError', 'ERR_BAD_TRANSACTION', 'r');
  });
});
