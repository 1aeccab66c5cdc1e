import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closures } from '../../../src/closures.js';
import type { Service } from '../../support/amqp.js';
import { RawClient } from '../../support/raw.js';
import { type TestRelay, unique } from '../../support/relay.js';
import { SockjsAdapter } from '../../support/sockjs-adapter.js';
import { SOCKJS_TRANSPORTS, type SockjsTransportName } from '../../support/sockjs-socket.js';
import { World } from '../../support/world.js';
import { connectFrame, newSession } from './requests.js';

const world = new World();
let relay: TestRelay;
let service: Service;

beforeAll(async () => {
  [relay, service] = await Promise.all([world.relay(), world.service()]);
});
afterAll(() => world.close());

/** A connection on which these texts are sent as soon as it is open; how it ended, and what came. */
function played(transport: SockjsTransportName, ...texts: string[]): Promise<{ code: number; came: string }> {
  const socket = new SockjsAdapter(relay.sockjsUrl, transport);
  let came = '';
  socket.onBytes = (data) => {
    came += data.toString();
  };
  socket.onopen = () => {
    for (const text of texts) socket.send(text);
  };
  return new Promise((resolve) => {
    socket.onclose = ({ code }) => resolve({ code, came });
  });
}

describe.each(SOCKJS_TRANSPORTS)('%s', (sockjs) => {
  it('carries every character both ways, and bytes to the client as base64', async () => {
    const alice = unique('alice');
    const key = unique('bytes');
    const client = await relay.stomp(alice, { sockjs });
    await client.subscribed('/user/topic/reply', { id: 'u' });
    await client.subscribed(`/topic/${key}`, { id: 't' });
    const texts = ['', 'grüße 🎉', 'a\0b\0', '\r\n\t"\\%0A%%', '\u2028\u2029\ufeff\u200b', '</script><!--'];
    const all: (string | Buffer)[] = [...texts, Buffer.from([0, 255, 254, 10, 0]), Buffer.from([0x61, 0xf0])];
    for (const body of all) {
      await service.toUser(alice, 'topic.reply', body);
      await service.toTopic(key, body);
    }
    for (const id of ['u', 't']) {
      const messages = await client.received(all.length, id);
      expect(messages.map(({ body }) => body)).toEqual(all.map((body) => Buffer.from(body as string)));
      const encodings = messages.map(({ headers }) => headers['relay-encoding']);
      expect(encodings).toEqual(all.map((body) => (typeof body === 'string' ? undefined : 'base64')));
    }
    for (const body of texts) client.send(`/topic/${key}`, body);
    const back = (await client.received(all.length + texts.length, 't')).slice(all.length);
    expect(back.map(({ body }) => body.toString())).toEqual(texts);
  });

  it('carries 1 MiB in one frame, either way', async () => {
    const key = unique('large');
    const client = await relay.stomp(unique('alice'), { sockjs });
    await client.subscribed(`/topic/${key}`, { id: 't' });
    const body = 'ü'.repeat(512 * 1024);
    client.send(`/topic/${key}`, body);
    expect((await client.message(0)).body.toString()).toBe(body);
  });

  it('tells with its close what to do', async () => {
    const refused = await played(sockjs, connectFrame('nonsense'));
    expect(refused.code).toBe(closures.unauthorized.code);
    expect(refused.came).toMatch(/^ERROR\n/);
    const broken = await played(sockjs, 'NONSENSE\n\n\0');
    expect(broken.code).toBe(closures.protocolError.code);
  });

  it('says goodbye with 1001 when the relay leaves', async () => {
    const leaving = await world.relay();
    const client = await leaving.stomp(unique('alice'), { sockjs });
    await leaving.leave();
    expect((await client.over()).code).toBe(closures.goingAway.code);
  });
});

describe('a WebSocket of SockJS', () => {
  const address = () => `${newSession(relay.sockjsUrl).replace('http', 'ws')}/websocket`;

  it.each(['no JSON', '[1]', '{}', '["a"', 'null'])('that gets %j is closed with 4400', async (message) => {
    const socket = new WebSocket(address());
    const came: string[] = [];
    socket.on('message', (data) => {
      came.push(String(data));
      socket.send(message);
    });
    const code = await new Promise((resolve) => {
      socket.on('close', resolve);
    });
    const { code: expected, reason } = closures.protocolError;
    expect(code).toBe(expected);
    expect(came).toEqual(['o', `c[${expected},"${reason}"]`]);
  });

  it('at the path without a session speaks plain STOMP', async () => {
    const client = await RawClient.open(`${relay.sockjsUrl.replace('http', 'ws')}/websocket`);
    const connected = await client.connect({ Authorization: await relay.token('alice') });
    expect(connected.headers['user-name']).toBe('alice');
    client.destroy();
  });

  it('is judged by its Origin and token like any other', async () => {
    await expect(RawClient.open(address(), { socket: { origin: 'https://evil.example' } })).rejects.toThrow(
      /403/,
    );
    await expect(RawClient.open(`${address()}?access_token=nonsense`)).rejects.toThrow(/401/);
  });
});
