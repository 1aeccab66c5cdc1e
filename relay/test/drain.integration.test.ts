import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@stomp/stompjs';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { closures } from '../src/closures.js';
import type { Service } from './support/amqp.js';
import { startRelay, type TestRelay, unique } from './support/relay.js';
import { UnreadClient } from './support/unread.js';
import { waitFor } from './support/wait.js';
import { World } from './support/world.js';
import { ask } from './transport/sockjs/requests.js';

const PEOPLE = 40;
const DRAIN_MS = 2000;
const TOPIC = unique('ticks');

const world = new World();
let service: Service;
/** Signs for all; a place keeps its address, and what stands there changes. */
let first: TestRelay;
const relays: TestRelay[] = [];
const people: Person[] = [];

beforeAll(async () => {
  service = await world.service();
  first = await startRelay();
  relays.push(first, await startRelay({ RELAY_JWT_SECRET: first.secret }));
});
afterAll(async () => {
  await Promise.all(people.map(({ client }) => client.deactivate({ force: true })));
  await Promise.all(relays.map((relay) => relay.close()));
  await world.close();
});

/** A plain stompjs client that knows both addresses and tries the other one when its connection ends. */
class Person {
  readonly client: Client;
  /** What it was told, by `amqp-message-id`. */
  readonly had = new Set<string>();
  readonly published = new Set<string>();
  again = 0;
  /** Every connection that it had and lost. */
  readonly losses: { at: number; code: number }[] = [];
  longestSilence = 0;
  private heardAt = 0;
  private wasConnected = false;

  constructor(
    readonly user: string,
    token: string,
    urls: readonly string[],
    private place: number,
    { ack, ...unread }: { ack: 'auto' | 'client-individual'; unread?: 'replay' },
  ) {
    this.client = new Client({
      webSocketFactory: () => new WebSocket(urls[this.place] as string, 'v12.stomp'),
      connectHeaders: { Authorization: `Bearer ${token}` },
      // As PROTOCOL.md recommends.
      reconnectDelay: 500 + Math.random() * 500,
      onConnect: () => {
        this.wasConnected = true;
        this.client.subscribe(
          '/user/topic/reply',
          (message) => {
            this.note(message.headers['amqp-message-id'] ?? 'none');
            if (ack !== 'auto') message.ack();
          },
          { ack, ...unread },
        );
        this.client.subscribe(`/topic/${TOPIC}`, () => this.hear());
      },
      onWebSocketClose: ({ code }) => {
        if (this.wasConnected) this.losses.push({ at: performance.now(), code });
        this.wasConnected = false;
        this.place = 1 - this.place;
      },
    });
    this.client.activate();
  }

  get missing(): string[] {
    return [...this.published].filter((id) => !this.had.has(id));
  }

  note(id: string): void {
    if (this.had.has(id)) this.again++;
    this.had.add(id);
  }

  private hear(): void {
    const now = performance.now();
    if (this.heardAt > 0) this.longestSilence = Math.max(this.longestSilence, now - this.heardAt);
    this.heardAt = now;
  }
}

/** Publishes to everybody in turn, each message confirmed, until it is told to stop. */
function publishing(): { stop(): Promise<number> } {
  let stopped = false;
  let count = 0;
  const run = async () => {
    while (!stopped) {
      const lucky = Array.from({ length: 4 }, (_, i) => people[(count + i) % PEOPLE] as Person);
      await Promise.all([
        service.toTopic(TOPIC, 'tick'),
        ...lucky.map(async ({ user, published }) => {
          const messageId = `m-${++count}`;
          await service.toUser(user, 'topic.reply', messageId, { messageId, persistent: true });
          published.add(messageId);
        }),
      ]);
      await delay(10);
    }
    return count;
  };
  const running = run();
  return {
    stop() {
      stopped = true;
      return running;
    },
  };
}

/** Lets one relay go and starts another one in its place, as a deployment does. */
async function roll(place: number): Promise<{ began: number; ended: number }> {
  const old = relays[place] as TestRelay;
  const began = performance.now();
  const drained = old.drain(DRAIN_MS);
  const [ready, healthy, handshake, poll] = await Promise.all([
    ask(`${old.url}/readyz`),
    ask(`${old.url}/healthz`),
    ask(`${old.url}/ws`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'sec-websocket-version': '13',
      },
    }),
    ask(`${old.sockjsUrl}/000/abcdefgh/xhr`, { method: 'POST' }),
  ]);
  expect([ready.status, JSON.parse(ready.text)]).toMatchObject([503, { ready: false, draining: true }]);
  expect([healthy.status, healthy.headers.connection]).toEqual([200, 'close']);
  for (const refused of [handshake, poll]) {
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'ERR_GOING_AWAY' } });
  }
  await drained;
  const ended = performance.now();
  await old.leave();
  relays[place] = await startRelay({
    RELAY_PORT: new URL(old.url).port,
    RELAY_JWT_SECRET: first.secret,
  });
  return { began, ended };
}

/** The greatest share of these that falls into any tenth of the time of a drain. */
function crowding(times: readonly number[]): number {
  const tenth = DRAIN_MS / 10;
  const most = Math.max(
    ...times.map((start) => times.filter((at) => at >= start && at < start + tenth).length),
  );
  return most / times.length;
}

it('two relays are replaced one after the other, and clients lose no message of their own', async ({
  annotate,
}) => {
  const urls = relays.map(({ wsUrl }) => wsUrl);
  const { url } = first;
  for (let i = 0; i < PEOPLE; i++) {
    const ack = i % 4 < 2 ? 'auto' : 'client-individual';
    const user = unique('alice');
    const replay = i % 8 < 4 ? ({ unread: 'replay' } as const) : {};
    people.push(new Person(user, await first.token(user), urls, i % 2, { ack, ...replay }));
  }
  const allConnected = () =>
    waitFor(() => people.every(({ client }) => client.connected), { what: 'all to be connected' });
  await allConnected();
  const publisher = publishing();
  onTestFinished(async () => {
    await publisher.stop();
  });
  await waitFor(() => people.every(({ had }) => had.size > 0), { what: 'messages for everybody' });

  for (const place of [0, 1]) {
    const known = people.map(({ losses }) => losses.length);
    const { began, ended } = await roll(place);
    const losses = people.flatMap(({ losses }, i) => losses.slice(known[i]));
    expect(losses.length).toBeGreaterThanOrEqual(PEOPLE / 2);
    expect(new Set(losses.map(({ code }) => code))).toEqual(new Set([closures.goingAway.code]));
    // All of them at once would be 1; paced it is an eighth. The rest is for a machine that stands still for a moment.
    const share = crowding(losses.map(({ at }) => at));
    expect(share).toBeLessThan(0.5);
    await annotate(
      `relay ${place + 1}: ${losses.length} clients moved within ${Math.round(ended - began)} ms, ` +
        `at most ${Math.round(100 * share)} % of them in a tenth of it`,
    );
    await allConnected();
  }

  const count = await publisher.stop();
  let pulled = 0;
  await waitFor(
    async () => {
      for (const person of people.filter(({ missing }) => missing.length > 0)) {
        const mailbox = await UnreadClient.of(first, person.user, url);
        const { messages, lease } = await mailbox.pull();
        for (const { headers } of messages) person.note(headers['amqp-message-id'] ?? 'none');
        pulled += messages.length;
        if (lease !== null) await mailbox.ack(lease);
      }
      return people.every(({ missing }) => missing.length === 0);
    },
    {
      what: () => `${people.flatMap(({ missing }) => missing).length} of ${count} messages`,
      interval: 100,
    },
  );
  const again = people.reduce((sum, person) => sum + person.again, 0);
  const silence = Math.max(...people.map(({ longestSilence }) => longestSilence));
  await annotate(
    `${count} messages: none lost, ${pulled} pulled, ${again} twice; longest silence ${Math.round(silence)} ms`,
  );
});
