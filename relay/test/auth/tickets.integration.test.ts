import { Client } from '@stomp/stompjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { inSeconds } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { at, Installation } from './installation.js';

const TICKET_MS = 1500;

let installation: Installation;
let one: TestRelay;
let two: TestRelay;

beforeAll(async () => {
  installation = new Installation();
  [one, two] = await Promise.all([
    installation.relay({ RELAY_ALLOWED_ORIGINS: 'https://app.example' }),
    installation.relay(),
  ]);
});

afterAll(() => installation?.close());

/** Uses tickets; the user of the session, or how it is refused. */
async function use(url: string, headers: Record<string, string> = {}): Promise<string> {
  let user = '';
  const outcome = await installation.outcome(async () => {
    const client = await installation.open(url, { socket: { headers } });
    user = (await client.connect()).headers['user-name'] ?? '';
  });
  return outcome === '101' ? user : outcome;
}

const SPENT = '401 ERR_TICKET';

describe('a ticket', () => {
  it('opens one session at the relay that gave it, by an address that may be used as it is', async () => {
    const user = unique('alice');
    const url = await installation.ticket(one, await installation.token(user));
    expect(await use(url)).toBe(user);
    expect([await use(url), await use(at(two, url))]).toEqual([SPENT, SPENT]);
  });

  it('opens one session at another relay', async () => {
    const user = unique('alice');
    const url = await installation.ticket(one, await installation.token(user));
    expect(await use(at(two, url))).toBe(user);
    expect([await use(at(two, url)), await use(url)]).toEqual([SPENT, SPENT]);
  });

  it('opens exactly one session when it is shown ten times at once', async () => {
    const user = unique('alice');
    const url = await installation.ticket(one, await installation.token(user));
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => use(i % 2 ? url : at(two, url))));
    expect(all.sort()).toEqual([...Array<string>(9).fill(SPENT), user]);
  });

  it('counts at the ordinary endpoint, too, where no token comes before it', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const query = async (user: string) => {
      const url = await installation.ticket(one, await installation.token(user));
      return `${two.wsUrl}?ticket=${url.split('/').at(-1)}`;
    };
    expect(await use(await query(alice))).toBe(alice);
    const authorization = `Bearer ${await installation.token(bob)}`;
    expect(await use(await query(alice), { authorization })).toBe(bob);
  });

  it('is judged by the Origin like any other connection, and not used up when that is foreign', async () => {
    const user = unique('alice');
    const url = await installation.ticket(one, await installation.token(user));
    expect(await use(url, { origin: 'https://evil.example' })).toBe('403 ERR_ORIGIN');
    expect(await use(url, { origin: 'https://app.example' })).toBe(user);
  });

  it('carries the claims and the end of the token to the session', async () => {
    const user = unique('alice');
    const token = await installation.token(user, { exp: inSeconds(2), sid: 'here' });
    const client = await installation.open(at(two, await installation.ticket(one, token)));
    await client.connect();
    const { error, code } = await client.refused();
    expect([error.headers.code, code]).toEqual(['ERR_TOKEN_EXPIRED', 4410]);
  });

  it('ends in time, and with the relay that gave it', async () => {
    const short = await installation.relay({ RELAY_TICKET_TIME: String(TICKET_MS) });
    const token = await installation.token(unique('alice'));
    const late = await installation.ticket(short, token);
    await waitFor(
      async () => (await (await fetch(`${short.url}/metrics`)).text()).includes('relay_tickets 0'),
      { what: 'the end of the ticket' },
    );
    expect(await use(at(two, late))).toBe(SPENT);
    const orphan = await installation.ticket(short, token);
    await short.close();
    expect(await use(at(two, orphan))).toBe(SPENT);
  });

  it('may be tried again when the relay that gave it cannot be asked now', async () => {
    const proxy = await CuttingProxy.open(broker().amqpUrl);
    const cut = await installation.relay({ RABBITMQ_URL: proxy.url });
    try {
      const user = unique('alice');
      const url = await installation.ticket(one, await installation.token(user));
      proxy.fail();
      await waitFor(async () => (await fetch(`${cut.url}/readyz`)).status === 503, { what: 'the loss' });
      expect(await use(at(cut, url))).toBe('503 ERR_BROKER_UNAVAILABLE');
      const refused = await installation.ask(cut, 'POST', '/api/tickets', await installation.token(user));
      expect(refused.status).toBe(503);
      expect(await use(url)).toBe(user);
    } finally {
      await cut.close();
      await proxy.close();
    }
  });

  it('is how stompjs connects and comes back, as PROTOCOL.md shows', async () => {
    const user = unique('alice');
    const token = await installation.token(user);
    const addresses: string[] = [];
    const names: (string | undefined)[] = [];
    const client = new Client({
      webSocketFactory: () => new WebSocket(client.brokerURL ?? '', ['v12.stomp']),
      reconnectDelay: 10,
      beforeConnect: async () => {
        client.brokerURL = await installation.ticket(one, token);
        addresses.push(client.brokerURL);
      },
      onConnect: ({ headers }) => names.push(headers['user-name']),
    });
    client.activate();
    try {
      await waitFor(() => names.length === 1, { what: 'the connection' });
      (client.webSocket as WebSocket).terminate();
      await waitFor(() => names.length === 2, { what: 'the next connection' });
      expect(names).toEqual([user, user]);
      expect(new Set(addresses).size).toBe(2);
    } finally {
      await client.deactivate({ force: true });
    }
  });

  it('that was made up is refused', async () => {
    const url = await installation.ticket(one, await installation.token(unique('alice')));
    const [relay = '', secret = ''] = (url.split('/').at(-1) ?? '').split('.');
    const madeUp = [
      '',
      'x',
      `${relay}.${'A'.repeat(43)}`,
      `AAAAAAAAAAAA.${secret}`,
      `${relay}.${secret}A`,
      '%00',
      '__proto__',
    ];
    for (const ticket of madeUp)
      expect(await use(`${one.wsUrl.replace('/ws', '/socket/')}${ticket}`), ticket).toBe(SPENT);
  });

  it('is in no log, nor is a token', () => {
    expect(installation.log).toContain('[redacted]');
    expect(installation.leaked()).toEqual([]);
  });
});
