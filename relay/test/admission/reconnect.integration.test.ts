import { readFileSync } from 'node:fs';
import { Client, ReconnectionTimeMode, type StompConfig } from '@stomp/stompjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closures } from '../../src/closures.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { SockjsAdapter } from '../support/sockjs-adapter.js';
import type { SockjsTransportName } from '../support/sockjs-socket.js';
import { inSeconds } from '../support/tokens.js';
import { transports } from '../support/transports.js';
import { waitFor } from '../support/wait.js';

/** The lines that PROTOCOL.md recommends, as they stand there. */
const recipe = (() => {
  const text = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
  const code = /### A client that comes back by itself[\s\S]*?```js\n([\s\S]*?)```/.exec(text)?.[1];
  if (!code) throw new Error('PROTOCOL.md has no recipe');
  return new Function('Client', 'ReconnectionTimeMode', 'brokerURL', 'fetchToken', `${code}\nreturn client;`);
})();

let relay: TestRelay;
const clients: Client[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.deactivate({ force: true })));
  await relay?.close();
});

interface Attempt {
  at: number;
  /** The close code, when it is over. */
  code: number | undefined;
}

/** An application that does as PROTOCOL.md says, and whose every connection is noted. */
function application(
  { wsUrl, sockjsUrl }: TestRelay,
  sockjs: SockjsTransportName | undefined,
  fetchToken: () => Promise<string>,
): { client: Client; attempts: Attempt[]; codes(): (number | undefined)[] } {
  const attempts: Attempt[] = [];
  const connect = () => {
    const attempt: Attempt = { at: performance.now(), code: undefined };
    attempts.push(attempt);
    const noteClose = (code: number) => {
      attempt.code = code;
    };
    if (!sockjs) return new WebSocket(wsUrl, 'v12.stomp').on('close', noteClose);
    const socket = new SockjsAdapter(sockjsUrl, sockjs);
    socket.noteClose = noteClose;
    return socket;
  };
  /** In a browser stompjs finds WebSocket by itself. */
  class NotedClient extends Client {
    constructor({ brokerURL: _, ...config }: StompConfig) {
      super({ ...config, webSocketFactory: connect });
    }
  }
  const client = recipe(NotedClient, ReconnectionTimeMode, wsUrl, fetchToken) as Client;
  clients.push(client);
  return { client, attempts, codes: () => attempts.map(({ code }) => code) };
}

const connected = (client: Client, what = 'CONNECTED') => waitFor(() => client.connected, { what });
/** Inactive, stompjs has no timer left that could connect again. */
const givenUp = (client: Client) => waitFor(() => !client.active, { what: 'the client to give up' });

// Side by side: nearly all of their time they wait.
describe.concurrent.each(transports)(
  'an application that does as PROTOCOL.md says, over %s',
  (_name, sockjs) => {
    it('gives up when a token that it has just fetched is refused as well', async () => {
      const dead = await relay.token('alice', { exp: inSeconds(-60) });
      let fetched = 0;
      const { client, codes } = application(relay, sockjs, async () => {
        fetched++;
        return dead;
      });
      await givenUp(client);
      expect(codes()).toEqual([closures.tokenExpired.code, closures.tokenExpired.code]);
      expect(fetched).toBe(2);
    });

    it('comes back with a new token when the old one has expired', async () => {
      const tokens = [await relay.token('alice', { exp: inSeconds(2) }), await relay.token('alice')];
      const { client, codes } = application(relay, sockjs, async () => tokens.shift() ?? 'none is left');
      await connected(client);
      await waitFor(() => codes().length === 2 && client.connected, { what: 'the second connection' });
      expect(codes()).toEqual([closures.tokenExpired.code, undefined]);
    });

    it('stops when its user is signed out and there is no token to be had', async () => {
      const tokens = [await relay.token('alice', { exp: inSeconds(-60) })];
      const { client, codes } = application(relay, sockjs, async () => {
        const token = tokens.shift();
        if (token === undefined) throw new Error('signed out');
        return token;
      });
      await givenUp(client);
      expect(codes()).toEqual([closures.tokenExpired.code]);
    });

    it('stops when the policy says no', async () => {
      const { client, codes } = application(relay, sockjs, () => relay.token('alice'));
      await connected(client);
      client.subscribe('/exchange/amq.direct/x', () => {});
      await givenUp(client);
      await waitFor(() => codes()[0] !== undefined, { what: 'the close' });
      expect(codes()).toEqual([closures.forbidden.code]);
    });

    it('comes back when the relay was restarted', async () => {
      const first = await startRelay();
      const { port } = new URL(first.url);
      const { client, codes } = application(first, sockjs, () => first.token('alice'));
      await connected(client);
      await first.leave();
      const second = await startRelay({ RELAY_PORT: port, RELAY_JWT_SECRET: first.secret });
      try {
        await connected(client, 'CONNECTED again');
        expect(codes()[0]).toBe(closures.goingAway.code);
      } finally {
        await second.close();
      }
    });

    it('comes back after the time that it was told, when there were too many', async () => {
      const strict = await startRelay({ RELAY_CONNECT_RATE: '1', RELAY_CONNECT_BURST: '1' });
      try {
        const user = unique('alice');
        await strict.raw(user);
        const { client, attempts, codes } = application(strict, sockjs, () => strict.token(user));
        let asked = 0;
        const { onStompError } = client;
        client.onStompError = (frame) => {
          asked ||= Number(frame.headers['retry-after']);
          onStompError(frame);
        };
        await connected(client);
        expect(codes()[0]).toBe(closures.tooEarly.code);
        expect(asked).toBeGreaterThanOrEqual(1);
        const [first, second] = attempts;
        expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(asked * 1000);
      } finally {
        await strict.close();
      }
    });
  },
);

it('names in the recipe what the table names', () => {
  const listed = (name: string) =>
    JSON.parse(new RegExp(`const ${name} = (\\[.*\\]);`).exec(recipe.toString())?.[1] ?? '') as number[];
  const advised = (advice: string) =>
    Object.values(closures)
      .filter((closure) => closure.advice === advice && closure.code !== 1000)
      .map(({ code }) => code)
      .sort();
  expect(listed('NEW_TOKEN').sort()).toEqual(advised('new-token'));
  // 1009 comes from the WebSocket layer, which has no row of its own.
  expect(
    listed('STOP')
      .filter((code) => code !== 1009)
      .sort(),
  ).toEqual(advised('stop'));
});
