import SockJS from 'sockjs-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SockJsModule, WebSocketConstructor } from '../../client/types.js';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { Person } from './rig.js';

const world = new World();
let relay: TestRelay;
let service: Service;
beforeAll(async () => {
  relay = await world.relay();
  service = await world.service();
});
afterAll(() => world.close());

const person = (user: string, options = {}) => world.keep(Promise.resolve(Person.of(relay, user, options)));

const tried: string[] = [];

/** sockjs-client, as an application imports it, with one transport that works where WebSocket is blocked. */
const sockjs = async (): Promise<SockJsModule> => ({
  default: class {
    constructor(url: string, _reserved: null, options: { sessionId: number }) {
      tried.push(url);
      // What guards a session that has no token in its address.
      expect(options.sessionId).toBeGreaterThanOrEqual(20);
      // biome-ignore lint/correctness/noConstructorReturn: the options are the test's, the rest is sockjs-client's
      return new SockJS(url, null, { ...options, transports: 'xhr-polling' });
    }
  } as unknown as SockJsModule['default'],
});

/** A network that lets no WebSocket through. */
class Blocked extends EventTarget {
  onopen = null;
  onmessage = null;
  onerror = null;
  onclose: ((event: object) => void) | null = null;
  readyState = 0;
  constructor(readonly url: string) {
    super();
    blocked++;
    setTimeout(() => {
      this.readyState = 3;
      this.onclose?.({ code: 1006, reason: '' });
    });
  }
  send() {}
  close() {}
}
let blocked = 0;

async function exchanges(someone: Person, user: string): Promise<void> {
  const { ready } = someone.subscribe('/user/topic/reply');
  await ready;
  await someone.client.send(`/user/${user}/topic/reply`, 'grüße');
  await someone.got('grüße');
  const binary = Buffer.from([0xff, 0, 0xfe]);
  await service.toUser(user, 'topic.reply', binary);
  await someone.received(2);
  expect(Buffer.from(someone.messages()[1]?.bytes ?? [])).toEqual(binary);
}

describe('SockJS', () => {
  it('is taken when WebSockets do not open although the relay is there', async () => {
    const user = unique('alice');
    blocked = 0;
    const alice = await person(user, { sockjs, WebSocket: Blocked as unknown as WebSocketConstructor });
    await alice.client.connect();
    expect(alice.client.state.value).toMatchObject({ status: 'connected', transport: 'sockjs' });
    expect(blocked).toBe(2);
    await exchanges(alice, user);
    alice.client.dropConnection();
    await alice.connections(2);
    expect(alice.client.state.value).toMatchObject({ transport: 'sockjs' });
    expect(blocked).toBe(2);
  });

  it('is taken from the first connect on where that is asked for', async () => {
    const user = unique('alice');
    const alice = await person(user, { sockjs, transport: 'sockjs', auth: 'ticket' });
    await service.toUser(user, 'topic.reply', 'before');
    alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    expect(await alice.got('before')).toMatchObject({ unread: true });
    expect(alice.client.state.value).toMatchObject({ transport: 'sockjs' });
  });

  it('is not taken when nothing answers at all', async () => {
    tried.length = 0;
    const alice = await person('alice', { sockjs, url: 'http://127.0.0.1:1' });
    alice.client.connect().catch(() => {});
    await waitFor(
      () => {
        // Does not wait longer than it must.
        alice.client.connect().catch(() => {});
        return alice.states.filter(({ status }) => status === 'waiting').length >= 4;
      },
      { what: 'four attempts' },
    );
    expect(tried).toEqual([]);
  });
});
