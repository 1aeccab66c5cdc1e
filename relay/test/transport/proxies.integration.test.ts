import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
import {
  openReverseProxy,
  REVERSE_PROXIES,
  type ReverseProxy,
  type ReverseProxyName,
} from '../support/reverse-proxy.js';
import { keepSecret } from '../support/run-log.js';
import { SOCKJS_TRANSPORTS, type SockjsTransportName } from '../support/sockjs-socket.js';
import { HttpWire } from '../support/sockjs-wire.js';
import { StompClient } from '../support/stomp.js';
import { secretToken } from '../support/tokens.js';
import { metric } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const SECRET = keepSecret(randomBytes(32).toString('hex'));
const ENV = {
  RELAY_TRUSTED_PROXIES: 'loopback',
  RELAY_JWT_SECRET: SECRET,
  // Clients, relays and service share this process, which can be busy.
  RELAY_FIRST_FRAME_TIMEOUT: '20000',
  RELAY_CONNECT_TIMEOUT: '20000',
};

const INSTALLED = Object.entries(REVERSE_PROXIES).map(
  ([name, { program }]) => [name as ReverseProxyName, program !== undefined] as const,
);

/** Two relays behind one proxy. */
class Site {
  private readonly clients: StompClient[] = [];

  private constructor(
    readonly world: World,
    readonly relays: readonly [TestRelay, TestRelay],
    readonly proxy: ReverseProxy,
    /** Cuts the first relay off from the broker, which it cannot be ready without. */
    readonly cutOff: () => void,
  ) {}

  static async open(name: ReverseProxyName): Promise<Site> {
    const world = new World();
    const [{ relay: one, die }, two] = await Promise.all([world.mortalRelay(ENV), world.relay(ENV)]);
    const hosts = [new URL(one.url).host, new URL(two.url).host] as const;
    return new Site(world, [one, two], await world.keep(openReverseProxy(name, hosts)), die);
  }

  get url(): string {
    return this.proxy.url;
  }

  /** A client with its token in the query, the worst place for it; with SockJS in CONNECT. */
  async client(user: string, sockjs?: SockjsTransportName): Promise<StompClient> {
    const token = await secretToken(SECRET, { sub: user });
    const client = await StompClient.open(
      sockjs
        ? { url: `${this.url}/sockjs`, sockjs, connectHeaders: { Authorization: token } }
        : { url: `${this.url.replace('http', 'ws')}/ws?access_token=${token}` },
    );
    this.clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.drop();
    await this.world.close();
  }
}

/** Ways to connect that proxies see differently. */
const HOW = [undefined, 'websocket', 'xhr-streaming', 'xhr-polling'] as const;

const nodeOf = ({ connected }: StompClient) => connected?.headers['relay-node'];

describe.each(INSTALLED)('the configuration of %s that is shipped', (name, installed) => {
  describe.skipIf(!installed)('in front of two relays', () => {
    let site: Site;
    let service: Service;

    beforeAll(async () => {
      site = await Site.open(name);
      service = await site.world.service();
    });
    afterAll(() => site?.close());

    it.each(['no SockJS', ...SOCKJS_TRANSPORTS] as const)(
      'keeps all requests of a session together and unbuffered: %s',
      async (how) => {
        await Promise.all(
          [1, 2, 3, 4].map(async () => {
            const user = unique('alice');
            const client = await site.client(user, how === 'no SockJS' ? undefined : how);
            await client.subscribed('/user/topic/reply', { id: 's' });
            for (let n = 0; n < 5; n++) {
              await service.toUser(user, 'topic.reply', String(n));
              expect((await client.message(n)).body.toString()).toBe(String(n));
            }
            client.drop();
          }),
        );
      },
    );

    it('spreads sessions over the relays', async () => {
      const wires = Array.from({ length: 24 }, () => new HttpWire(`${site.url}/sockjs`, 'xhr-polling'));
      await waitFor(() => wires.every(({ readyState }) => readyState === 1), { what: 'all to be open' });
      const counts = await Promise.all(site.relays.map((relay) => metric(relay, 'relay_sessions')));
      expect(counts[0]).toBeGreaterThan(0);
      expect(counts[1]).toBeGreaterThan(0);
      for (const wire of wires) wire.close();
    });

    it('says what the client asked for, whatever that claims itself', async () => {
      const token = await secretToken(SECRET, { sub: unique('alice') });
      const answer = await fetch(`${site.url}/api/tickets`, {
        method: 'POST',
        headers: { 'X-Forwarded-Host': 'evil.example', Origin: site.url, Authorization: `Bearer ${token}` },
      });
      const { host } = new URL(site.url);
      expect(await answer.json()).toMatchObject({ url: expect.stringContaining(`ws://${host}/socket/`) });
    });

    it.each(['/metrics', '/METRICS', '/metrics/', '/%6detrics', '/broker/', '/Broker/api/overview'])(
      'keeps %s from the outside',
      async (path) => {
        expect((await fetch(site.url + path)).status).toBe(404);
      },
    );

    it('lets in whoever comes while a relay goes, at the first attempt, and lets that one tell its clients', async () => {
      const [going, staying] = site.relays;
      const before = await Promise.all(
        [...HOW, ...HOW, ...HOW].map((how) => site.client(unique('alice'), how)),
      );
      const theirs = before.filter((client) => nodeOf(client) === going.node);
      expect(theirs).not.toEqual([]);
      const gone = going.drain(2000);
      const isIn = async () => {
        const clients = await Promise.all(HOW.map((how) => site.client(unique('alice'), how)));
        expect(clients.map(nodeOf)).toEqual(clients.map(() => staying.node));
        for (const client of clients) client.drop();
      };
      await isIn();
      await gone;
      await waitFor(() => theirs.every(({ closed }) => closed), { what: 'its clients to be told' });
      expect(theirs.map(({ closed }) => closed?.code)).toEqual(theirs.map(() => 1001));
      await going.leave();
      await isIn();
    });

    it('has written down no token, not even of what it found nobody for at once', () => {
      expect(site.proxy.said()).not.toContain('access_token');
    });
  });
});

// nginx without its subscription asks nobody: it finds out by the requests that fail.
describe.skipIf(REVERSE_PROXIES.HAProxy.program === undefined)('HAProxy', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open('HAProxy');
  });
  afterAll(() => site?.close());

  it('sends nobody to a relay that is not ready', async () => {
    site.cutOff();
    const [, ready] = site.relays;
    await waitFor(
      async () => {
        const clients = await Promise.all([1, 2, 3, 4].map(() => site.client(unique('alice'))));
        for (const client of clients) client.drop();
        return clients.every((client) => nodeOf(client) === ready.node);
      },
      { what: 'all new clients to be at the other relay' },
    );
  });
});
