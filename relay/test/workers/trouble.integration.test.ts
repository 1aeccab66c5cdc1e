import { readdirSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Client } from '@stomp/stompjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Service } from '../support/amqp.js';
import { Authority } from '../support/certificates.js';
import { numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { type Hand, lives, Team } from './team.js';

// Workers that die, and the end of all.

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('stomp-relay-'));
const others = folders();
let team: Team;
const port = () => Number(new URL(team.url).port);

beforeAll(async () => {
  team = await Team.start();
});
afterAll(() => team?.end('SIGKILL'));

/** The two workers that are there, once both are ready. */
async function bothAlive(): Promise<[Hand, Hand]> {
  const alive = () => team.hands.filter(({ pid }) => lives(pid));
  await waitFor(() => alive().length === 2, { what: 'two workers', timeout: 40_000 });
  return alive() as [Hand, Hand];
}

/** A user's own stompjs, which comes back by itself and has first what was missed. */
class Listener {
  readonly bodies = new Set<string>();
  closes = 0;
  readonly nodes: string[] = [];
  private readonly client: Client;

  constructor(url: string, token: string) {
    this.client = new Client({
      webSocketFactory: () => new WebSocket(url, ['v12.stomp']),
      connectHeaders: { Authorization: `Bearer ${token}` },
      reconnectDelay: 200,
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
      onConnect: ({ headers }) => {
        this.nodes.push(headers['relay-node'] ?? '');
        const wanted = { unread: 'replay' };
        this.client.subscribe('/user/topic/reply', ({ body }) => this.bodies.add(body), wanted);
      },
      onWebSocketClose: () => this.closes++,
    });
    this.client.activate();
  }

  close(): Promise<void> {
    return this.client.deactivate({ force: true });
  }
}

/** A service that publishes to all users, round by round, with confirms. */
class Rounds {
  rounds = 0;
  private isOver = false;
  private readonly running: Promise<void>;

  constructor(service: Service, users: readonly string[]) {
    this.running = (async () => {
      while (!this.isOver) {
        const bodies = numbered(5, `${this.rounds}.`);
        await Promise.all(users.map((user) => service.allToUser(user, 'topic.reply', bodies)));
        this.rounds++;
        // Not as fast as it can: the broker is shared.
        await delay(10);
      }
    })();
    // Seen at the end.
    this.running.catch(() => {});
  }

  /** How many there were. */
  async end(): Promise<number> {
    this.isOver = true;
    await this.running;
    return this.rounds;
  }
}

describe('a worker that is killed', () => {
  it('loses nothing that was confirmed, and is replaced, while the other’s clients notice nothing', async () => {
    const service = await Service.open();
    const users = Array.from({ length: 6 }, (_, index) => `killed-${index}`);
    const listeners = await Promise.all(
      users.map(async (user) => new Listener(team.wsUrl, await team.token(user))),
    );
    try {
      await waitFor(() => listeners.every(({ nodes }) => nodes.length === 1), { what: 'all listeners' });
      const [victim] = await bothAlive();
      const isHit = ({ nodes }: Listener) => nodes[0] === victim.node;
      expect(listeners.some(isHit) && !listeners.every(isHit)).toBe(true);
      const publishing = new Rounds(service, users);
      await waitFor(() => publishing.rounds > 5, { what: 'the first rounds' });
      const counted = await team.metric('relay_messages_out_total{kind="user"}');
      process.kill(victim.pid, 'SIGKILL');
      await waitFor(() => team.hands.length === 3, { what: 'the replacement', timeout: 40_000 });
      const all = (await publishing.end()) * 5;
      await waitFor(() => listeners.every(({ bodies }) => bodies.size === all), {
        what: () =>
          `${all} messages for each; they have ${listeners.map(({ bodies }) => bodies.size).join()}`,
        timeout: 30_000,
      });
      for (const listener of listeners) expect(listener.closes).toBe(isHit(listener) ? 1 : 0);
      expect(team.hands[2]).toMatchObject({ worker: victim.worker });
      expect(await team.ask('GET', '/readyz', 'anybody')).toMatchObject({ workers: { ready: 2, of: 2 } });
      expect(await team.metric('relay_workers_replaced_total')).toBe(1);
      expect(await team.metric('relay_messages_out_total{kind="user"}')).toBeGreaterThan(counted);
    } finally {
      for (const listener of listeners) await listener.close();
      await service.close();
    }
  });

  it('takes along what was on its way to it, and keeps nobody else waiting before that', async () => {
    const [{ pid }] = await bothAlive();
    process.kill(pid, 'SIGSTOP');
    const sockets = Array.from({ length: 6 }, () => connect(port(), '127.0.0.1'));
    const answered = new Set<Socket>();
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.on('data', () => answered.add(socket));
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    }
    await waitFor(() => answered.size === 5, { what: 'answers for all but the one that it was given' });
    const stuck = sockets.find((socket) => !answered.has(socket));
    expect(stuck?.closed).toBe(false);
    process.kill(pid, 'SIGKILL');
    // Sooner than it would give up a worker that hangs.
    await waitFor(() => stuck?.closed, { what: 'the end of that one', timeout: 4000 });
    for (const socket of sockets) socket.destroy();
  });

  it('is found by SockJS sessions once it is replaced, and so are all when none was left', async () => {
    const [first, second] = await bothAlive();
    const before = team.hands.length;
    process.kill(first.pid, 'SIGKILL');
    // It may also just be told to go.
    process.kill(second.pid, 'SIGTERM');
    await waitFor(() => team.hands.length >= before + 2, { what: 'new ones', timeout: 30_000 });
    await waitFor(
      async () =>
        ((await team.ask('GET', '/readyz', 'anybody')) as { workers: { ready: number } }).workers.ready === 2,
      { what: 'both' },
    );
    const sockjs = 'xhr-polling' as const;
    const users = Array.from({ length: 6 }, (_, index) => `new-${index}`);
    const clients = await Promise.all(users.map((user) => team.stomp(user, { sockjs })));
    expect(new Set(clients.map(({ connected }) => connected?.headers['relay-node'])).size).toBe(2);
  });
});

describe('workers never begin', () => {
  it('when the first cannot, which says why, once', async () => {
    const nobody = { RABBITMQ_URL: 'amqp://nobody:nothing@127.0.0.1:1', RELAY_START_TIMEOUT: '200' };
    const refused = Team.launch(nobody);
    expect(await refused.ended()).toBe(1);
    expect(refused.said).toMatchObject({ type: 'failed', message: expect.stringContaining('RABBITMQ_URL') });
    expect(refused.output.match(/broker is not usable/g)).toHaveLength(1);
  });

  it.each([
    ['a setting is wrong', () => ({ RELAY_HEARTBEAT: 'often' }), /RELAY_HEARTBEAT/g],
    ['the port is taken', () => ({ RELAY_PORT: String(port()) }), /is in use/g],
  ])('when %s, which is said once', async (_, env, reason) => {
    const refused = Team.launch(env());
    expect(await refused.ended()).toBe(1);
    expect(refused.output.match(reason)).toHaveLength(1);
  });
});

describe('workers end', () => {
  it('when the process that started them is killed, and leave nothing behind', async () => {
    const alive = await bothAlive();
    const left = folders().filter((name) => !others.includes(name));
    for (const name of left) expect(statSync(join(tmpdir(), name)).mode & 0o077).toBe(0);
    await team.end('SIGKILL');
    await waitFor(() => alive.every(({ pid }) => !lives(pid)), { what: 'their end' });
    // Other files of tests may have theirs.
    expect(folders().filter((name) => left.includes(name)).length).toBeLessThan(left.length);
  });
});

describe('workers with TLS', () => {
  let authority: Authority;
  let secure: Team;

  beforeAll(async () => {
    authority = await Authority.found();
    const { cert, key } = await authority.issue('relay', { addresses: ['127.0.0.1'] });
    secure = await Team.start({
      RELAY_TLS_CERT: authority.write('cert.pem', cert),
      RELAY_TLS_KEY: authority.write('key.pem', key),
      RELAY_HTTP_TIMEOUT: '1000',
      RELAY_MAX_CONNECTIONS: '4',
    });
  });
  afterAll(async () => {
    await secure?.end('SIGKILL');
    authority?.close();
  });

  it('have the deadlines and limits of a relay that is alone', async () => {
    let answers = '';
    const open = (): Promise<void> => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: Number(new URL(secure.url).port),
        ca: authority.cert,
      });
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        answers += chunk;
      });
      socket.write('GET /healthz HTTP/1.1\r\nHost:');
      return new Promise((resolve) => socket.once('close', () => resolve()));
    };
    // Eight have a place, and say half a word; the others are cut without one.
    await Promise.all(Array.from({ length: 12 }, open));
    expect(answers.match(/HTTP\/1.1 408/g)).toHaveLength(8);
  });

  it('leave in order, once, though each of them gets the signal twice', async () => {
    const clients = await secure.everywhere('alice', { socket: { ca: authority.cert } });
    // As systemd does it, and a terminal; the process that started them passes it on besides.
    for (const { pid } of secure.hands) process.kill(pid, 'SIGTERM');
    secure.child.kill('SIGTERM');
    expect(await secure.ended()).toBe(0);
    for (const client of clients) expect((await client.over()).code).toBe(1001);
    expect(secure.hands.map(({ pid }) => lives(pid))).toEqual([false, false]);
  });
});
