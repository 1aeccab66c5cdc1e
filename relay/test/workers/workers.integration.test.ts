import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import type { StompClient } from '../support/stomp.js';
import { waitFor } from '../support/wait.js';
import { ask, connectFrame, newSession } from '../transport/sockjs/requests.js';
import { Team } from './team.js';

// Two workers on one port, while nothing happens to them.

let team: Team;
let service: Service;

beforeAll(async () => {
  [team, service] = await Promise.all([Team.start(), Service.open()]);
});
afterAll(async () => {
  await service?.close();
  await team?.end();
});

const nodesOf = (clients: readonly StompClient[]) =>
  new Set(clients.map(({ connected }) => connected?.headers['relay-node'] ?? ''));
const times = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('two workers', () => {
  it('have one address, and share what comes', async () => {
    const clients = await Promise.all(times(6).map((index) => team.stomp(`spread-${index}`)));
    const nodes = nodesOf(clients);
    expect([...nodes].sort()).toEqual([expect.stringMatching(/^w0-/), expect.stringMatching(/^w1-/)]);
    expect(team.said?.workers?.map(({ node }) => node).sort()).toEqual([...nodes].sort());
    for (const client of clients) await client.disconnect();
  });

  it('reach each other’s clients', async () => {
    const clients = await team.everywhere('twice');
    for (const client of clients) {
      await client.subscribed('/user/topic/reply', { id: 'r' });
      await client.subscribed('/topic/public.workers', { id: 't' });
    }
    await service.toUser('twice', 'topic.reply', 'to both');
    clients[0]?.send('/topic/public.workers', 'from one');
    for (const client of clients) await client.received(2);
    for (const client of clients) await client.disconnect();
  });

  it('say how many of them are ready', async () => {
    expect(await team.ask('GET', '/readyz', 'anybody')).toMatchObject({
      ready: true,
      workers: { ready: 2, of: 2 },
    });
  });

  it('are one relay to Prometheus, whichever is asked', async () => {
    const clients = await team.everywhere('counted');
    await waitFor(async () => (await team.metric('relay_sessions')) === 2, { what: 'the end of all others' });
    for (const _ of times(4)) {
      expect(await team.metric('relay_sessions')).toBe(2);
      expect(await team.metric('relay_link_up{link="users"}')).toBe(1);
      expect(await team.metric('relay_workers')).toBe(2);
      expect(await team.metric('relay_workers_ready')).toBe(2);
    }
    for (const client of clients) await client.disconnect();
  });

  it('take each other’s tickets', async () => {
    const nodes = new Set<string>();
    const clients: StompClient[] = [];
    await waitFor(
      async () => {
        const { url } = (await team.ask('POST', '/api/tickets', 'carol')) as { url: string };
        const client = await team.stomp('carol', { url, connectHeaders: {} });
        clients.push(client);
        nodes.add(client.connected?.headers['relay-node'] ?? '');
        // It stays: the next connection comes to the other worker, and so does sometimes the next ticket.
        return nodes.size === 2;
      },
      { what: 'a connection with a ticket at each' },
    );
    for (const client of clients) await client.disconnect();
  });

  it('sign a user out everywhere', async () => {
    const clients = await team.everywhere('dave');
    expect(await team.ask('DELETE', '/api/users/dave/sessions', 'dave')).toEqual({ closedHere: 1 });
    for (const client of clients) expect((await client.over()).code).toBe(4411);
  });
});

describe('SockJS sessions, whose requests come to either worker', () => {
  it.each(['xhr-polling', 'xhr-streaming'] as const)('%s', async (sockjs) => {
    const clients = await Promise.all(times(6).map((index) => team.stomp(`${sockjs}-${index}`, { sockjs })));
    // Both have some; which of its requests come to the other one is up to chance, six times over.
    expect(nodesOf(clients).size).toBe(2);
    for (const [index, client] of clients.entries()) {
      await client.subscribed('/user/topic/reply', { id: 'r' });
      await service.allToUser(`${sockjs}-${index}`, 'topic.reply', ['one', 'two']);
      client.send('/user/relay-nobody/topic/reply', 'out', { receipt: 'sent' });
      await client.receipt('sent');
      await client.received(2);
      client.drop();
    }
    // Proved by the requests that followed, and gone with the client.
    await waitFor(async () => (await team.metric('relay_sessions')) === 0, {
      what: 'the end of all sessions',
    });
  });

  it('are for clients, who cannot say where they come from', async () => {
    const forged = JSON.stringify({ address: '192.0.2.1', secure: true, host: 'evil.example' });
    for (const _ of times(6)) {
      const foreign = { origin: 'https://evil.example', 'relay-client-origin': forged };
      const refused = await ask(`${newSession(team.sockjsUrl)}/xhr`, { method: 'POST', headers: foreign });
      expect(refused.status).toBe(403);
      const own = { origin: team.url, 'relay-client-origin': forged };
      const let_in = await ask(`${newSession(team.sockjsUrl)}/xhr`, { method: 'POST', headers: own });
      expect([let_in.status, let_in.text]).toEqual([200, 'o\n']);
    }
  });

  it('answer as the worker does that has them', async () => {
    const sessions = times(6).map(() => newSession(team.sockjsUrl));
    const answers = await Promise.all(
      sessions.map(async (session) => {
        await ask(`${session}/xhr`, { method: 'POST' });
        const body = JSON.stringify([connectFrame(await team.token('erin'))]);
        const sent = await ask(`${session}/xhr_send`, { method: 'POST', body });
        const { date, 'x-request-id': id, ...headers } = sent.headers;
        expect(id).toMatch(/^[\w-]+$/);
        return JSON.stringify([sent.status, headers]);
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('[204,');
  });
});
