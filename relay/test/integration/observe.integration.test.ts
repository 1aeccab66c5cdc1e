import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { manage } from '../support/management.js';
import { RABBITMQ_METRICS } from '../support/rabbitmq-metrics.js';
import { frame } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

interface Line {
  level: number;
  msg: string;
  [field: string]: unknown;
}

const relays: TestRelay[] = [];
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.close();
});

/** A relay, and everything that it logs. */
async function observed(
  rules?: string,
): Promise<{ relay: TestRelay; lines: Line[]; page(): Promise<string> }> {
  const lines: Line[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  const relay = await startRelay({}, rules, log);
  relays.push(relay);
  const page = async () => (await fetch(`${relay.url}/metrics`)).text();
  return { relay, lines, page };
}

/** The value of one series; 0 when there is none. */
function value(page: string, series: string): number {
  const line = page.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

it('tells what a session did, in figures and in two lines of the log', async () => {
  const { relay, lines, page } = await observed();
  const [alice, bob] = [unique('alice'), unique('bob')];
  const reader = await relay.stomp(alice);
  await reader.subscribed('/user/topic/reply', { id: 'mine' });
  await reader.subscribed('/topic/news', { id: 'news' });
  const open = await page();
  expect(value(open, 'relay_subscriptions{kind="user"}')).toBe(1);
  expect(value(open, 'relay_subscriptions{kind="topic"}')).toBe(1);
  expect(value(open, 'relay_sessions_opened_total{transport="websocket"}')).toBe(1);

  const writer = await relay.stomp(bob);
  writer.send(`/user/${alice}/topic/reply`, 'hello', { receipt: 'one' });
  writer.send('/topic/news', 'extra', { receipt: 'two' });
  await writer.receipt('two');
  await reader.received(2);
  await waitFor(async () => value(await page(), 'relay_delivery_seconds_count') === 1, { what: 'the proof' });
  const after = await page();
  // The relay says of each SEND when it was published; both clocks are this machine's.
  expect(value(after, 'relay_published_to_confirmed_seconds_count')).toBe(1);
  expect(value(after, 'relay_published_to_written_seconds_count')).toBe(1);
  expect(value(after, 'relay_published_to_confirmed_seconds_sum')).toBeLessThan(60);
  expect(value(after, 'relay_unconfirmed{what="deliveries"}')).toBe(0);
  for (const link of ['amqp', 'topics', 'sends-1']) {
    expect(value(after, `relay_link_connects_total{link="${link}"}`), link).toBe(1);
  }

  await writer.disconnect();
  reader.drop();
  const ends = await waitFor(
    () => {
      const found = lines.filter(({ msg }) => msg === 'session ended');
      return found.length === 2 && found;
    },
    { what: 'the ends of both sessions' },
  );
  expect(lines.filter(({ msg }) => msg === 'session started').map(({ user }) => user)).toEqual([alice, bob]);
  const [sent, received] = [bob, alice].map((user) => ends.find((line) => line.user === user));
  expect(sent).toMatchObject({
    ...{ level: 30, session: expect.any(String), node: relay.node, address: '127.0.0.1' },
    ...{ transport: 'websocket', seconds: expect.any(Number), messagesIn: 2, messagesOut: 0 },
    ...{ framesIn: 4, framesOut: 4, closure: 'normal', code: 1000, subscriptions: 0 },
  });
  expect(received).toMatchObject({
    messagesIn: 0,
    messagesOut: 2,
    framesIn: 3,
    framesOut: 5,
    subscriptions: 2,
  });
  expect(received?.closure).toBe('lost');
  expect(received?.bytesOut).toBeGreaterThan(received?.bytesIn as number);
  const closed = await page();
  expect(value(closed, 'relay_frames_out_total')).toBe(9);
  // Sessions that have ended still count.
  expect(value(closed, 'relay_bytes_in_total')).toBe(
    (received?.bytesIn as number) + (sent?.bytesIn as number),
  );
  for (const kind of ['user', 'topic']) expect(value(closed, `relay_subscriptions{kind="${kind}"}`)).toBe(0);
  expect(value(closed, 'relay_session_seconds_count')).toBe(2);
});

it('says of a refusal who wanted what', async () => {
  const { relay, lines, page } = await observed();
  const user = unique('mallory');
  const client = await relay.connected(user);
  client.send('SEND', { destination: '/exchange/amq.direct/secret' }, 'x');
  await client.refused();
  const denial = await waitFor(() => lines.find(({ reason, action }) => reason && action), {
    what: 'the line',
  });
  expect(denial).toMatchObject({
    ...{ reason: 'ERR_FORBIDDEN', user, action: 'send', destination: '/exchange/amq.direct/secret' },
    session: expect.any(String),
  });
  const end = await waitFor(() => lines.find(({ msg }) => msg === 'session ended'), { what: 'the end' });
  expect(end).toMatchObject({ closure: 'forbidden', code: 4403, reason: 'ERR_FORBIDDEN' });
  expect(value(await page(), 'relay_closes_total{closure="forbidden",code="4403"}')).toBe(1);
});

it('never makes a series of what a client says', async () => {
  const { relay, page } = await observed();
  const evil = 'EVILNAME';
  const one = async (text: string) => {
    const client = await relay.connected(evil);
    client.socket.send(text);
    await client.over();
  };
  await Promise.all([
    one(frame(evil, {})),
    one(frame('SEND', { destination: `/${evil}/x` })),
    one(frame('SEND', { destination: `/topic/${evil}`, timestamp: evil })),
    one(frame('SUBSCRIBE', { destination: `/user/${evil}/x`, id: evil, ack: evil })),
    one(frame('COMMIT', { transaction: evil })),
    one(frame('SUBSCRIBE', { destination: '/queue/relay.x', id: evil })),
  ]);
  const published = await relay.connected(evil);
  published.send('SUBSCRIBE', { destination: `/user/topic/${evil}`, id: evil, receipt: 'r' });
  await waitFor(() => published.frames.length > 1, { what: 'the receipt' });
  const service = await Service.open();
  for (const at of [evil, '1e400', '-1', '99999999999999999', String(Date.now() + 10_000)]) {
    await service.toUser(evil, `topic.${evil}`, evil, { headers: { 'relay-published-at': at } });
  }
  await service.close();
  await waitFor(async () => value(await page(), 'relay_delivery_seconds_count') === 5, {
    what: 'the proofs',
  });
  published.socket.close(4321, evil);
  await published.over();
  for (const path of [
    `/${evil}`,
    `/api/${evil}`,
    `/api/users/${evil}/sessions`,
    `/sockjs/${evil}`,
    `/broker/${evil}`,
  ]) {
    await fetch(relay.url + path, { headers: { 'x-request-id': evil, authorization: `Bearer ${evil}` } });
  }
  await relay
    .anonymous({ socket: { headers: { origin: `http://${evil}` } } }, `?token=${evil}`)
    .catch(() => {});
  const text = await page();
  expect(text).not.toContain(evil);
  expect(text.toLowerCase()).not.toContain('evilname');
  expect(text).not.toContain('4321');
  // One time of five was ours to believe: the one that is ahead, as none at all.
  expect(value(text, 'relay_published_to_confirmed_seconds_count')).toBe(1);
  expect(text).not.toContain('NaN');
  const series = text.split('\n').filter((line) => line.startsWith('relay_'));
  expect(series.length).toBeGreaterThan(50);
  expect(series.length).toBeLessThan(250);
});

it('changes the level of another relay, too', async () => {
  const rules = 'version: 1\nrules:\n  - when: { sub: root }\n    manage: logs\n';
  const [one, other] = [await observed(rules), await observed(rules)];
  const response = await fetch(`${one.relay.url}/api/log-level`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${await one.relay.token('root')}`,
      'content-type': 'application/json',
      'x-request-id': 'the-request',
    },
    body: '{"level":"debug"}',
  });
  expect(await response.json()).toEqual({ level: 'debug', for: 600 });
  await waitFor(() => other.lines.find(({ to }) => to === 'debug'), { what: 'the other relay' });
  expect(one.lines).toContainEqual(expect.objectContaining({ by: 'root', request: 'the-request' }));
});

it('finds in a real broker what the dashboard asks of it', async () => {
  const { listeners } = await manage<{ listeners: { protocol: string; port: number }[] }>(
    broker(),
    'GET',
    'overview',
  );
  const port = listeners.find(({ protocol }) => protocol === 'http/prometheus')?.port;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const names = new Set([...text.matchAll(/^([a-z_0-9]+)[ {]/gm)].map(([, name]) => name));
  expect(RABBITMQ_METRICS.filter((name) => !names.has(name))).toEqual([]);
});
