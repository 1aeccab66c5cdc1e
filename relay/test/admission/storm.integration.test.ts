import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

const CLIENTS = 200;

let relay: TestRelay;
let over = false;
const loops: Promise<void>[] = [];

afterEach(async () => {
  over = true;
  await Promise.allSettled(loops.splice(0));
  await relay?.close();
  over = false;
});

interface Storm {
  attempts: number;
  admitted: number;
  /** What Retry-After said, in seconds. */
  waits: number[];
}

/** One attempt to open a WebSocket: the seconds that it is told to wait, or the socket. */
function attempt(authorization: string): Promise<number | WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(relay.wsUrl, ['v12.stomp'], { headers: { authorization } });
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      socket.terminate();
      if (response.statusCode === 429) resolve(Number(response.headers['retry-after']));
      else reject(new Error(`HTTP ${response.statusCode}`));
    });
    socket.on('error', reject);
  });
}

/** Clients of one user, each of which runs `loop` until it is over. */
async function storm(user: string, loop: (attempt: () => Promise<number | WebSocket>) => Promise<void>) {
  const authorization = `Bearer ${await relay.token(user)}`;
  const seen: Storm = { attempts: 0, admitted: 0, waits: [] };
  const counted = async () => {
    seen.attempts++;
    const outcome = await attempt(authorization);
    if (typeof outcome === 'number') seen.waits.push(outcome);
    else seen.admitted++;
    return outcome;
  };
  for (let client = 0; client < CLIENTS; client++) {
    const running = loop(counted);
    running.catch(() => {});
    loops.push(running);
  }
  return seen;
}

async function sessions(): Promise<number> {
  const response = await fetch(`${relay.url}/metrics`);
  return Number(/^relay_sessions (\d+)/m.exec(await response.text())?.[1]);
}

describe('a storm of reconnects of one user', () => {
  it('that waits for nothing is let in at the rate of that user, while another connects at once', async () => {
    relay = await startRelay({ RELAY_CONNECT_RATE: '5', RELAY_CONNECT_BURST: '10' });
    const startedAt = performance.now();
    const seen = await storm(unique('alice'), async (connect) => {
      while (!over) {
        const outcome = await connect();
        if (typeof outcome !== 'number') outcome.terminate();
      }
    });
    await Promise.race([
      waitFor(() => seen.attempts > 5 * CLIENTS, { what: 'the storm', timeout: 30_000 }),
      Promise.all(loops),
    ]);

    const bob = await relay.connected(unique('bob'));
    await bob.subscribed('s', '/topic/storm');
    bob.send('SEND', { destination: '/topic/storm' }, 'still here');
    await bob.message('still here');

    const seconds = (performance.now() - startedAt) / 1000;
    expect(seen.admitted).toBeGreaterThanOrEqual(10);
    expect(seen.admitted).toBeLessThanOrEqual(10 + 5 * seconds + 1);
    expect(Math.max(...seen.waits)).toBeLessThanOrEqual(60);
    // They are not sent away to come back together.
    expect(new Set(seen.waits).size).toBeGreaterThan(5);

    over = true;
    await Promise.all(loops);
    bob.destroy();
    await waitFor(async () => (await sessions()) === 0, { what: 'no session' });
  });

  it('that waits as it is told is in after a few attempts each', async () => {
    relay = await startRelay({
      RELAY_CONNECT_RATE: '50',
      RELAY_CONNECT_BURST: '20',
      // They say nothing once they are in, and stay for as long as it takes the last one.
      RELAY_FIRST_FRAME_TIMEOUT: '60000',
      RELAY_CONNECT_TIMEOUT: '60000',
    });
    const open: WebSocket[] = [];
    const seen = await storm(unique('alice'), async (connect) => {
      for (;;) {
        const outcome = await connect();
        if (typeof outcome !== 'number') return void open.push(outcome);
        await delay(outcome * 1000);
      }
    });
    await Promise.all(loops);
    expect(seen.admitted).toBe(CLIENTS);
    expect(await sessions()).toBe(CLIENTS);
    expect(seen.attempts).toBeLessThan(4 * CLIENTS);
    for (const socket of open) socket.terminate();
    await waitFor(async () => (await sessions()) === 0, { what: 'no session' });
  });
});

describe('a relay that stood still, as it may when thousands come at once', () => {
  it('blames nobody for what it has not read yet', async () => {
    relay = await startRelay({ RELAY_FIRST_FRAME_TIMEOUT: '400' });
    const client = await relay.raw(unique('alice'));
    client.send('CONNECT', { 'accept-version': '1.2', host: '/' });
    // The frame has been sent, and nothing is read: relay and client share this thread.
    const until = Date.now() + 1000;
    while (Date.now() < until);
    await client.frame(({ command }) => command === 'CONNECTED', 'CONNECTED');
    expect(client.closed).toBeUndefined();
  });
});
