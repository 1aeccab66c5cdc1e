import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HandshakeRefused } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';

const RULES = `
version: 1
rules:
  - subscribe: /queue/work.#
    headers: {durable: [true], auto-delete: [true, false], x-expires: {max: 60000}}
  - deny: true
    send: /topic/shut.#
  - subscribe: /topic/kept.#
    headers: [durable, auto-delete, x-queue-name]
`;

/** Does what the rules say. */
let strict: TestRelay;
/** Only says what it would deny. */
let dry: TestRelay;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  const env = { RELAY_GRANTS_CLAIM: 'grants' };
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  [strict, dry] = await Promise.all([
    startRelay(env, RULES),
    startRelay({ ...env, RELAY_ACCESS_DRY_RUN: '1' }, RULES, log),
  ]);
});

afterAll(async () => {
  await Promise.all([strict?.close(), dry?.close()]);
});

describe('values of queue-shaping headers', () => {
  const asking = (destination: string, expires: string) => ({
    id: 'q',
    destination,
    durable: 'true',
    'auto-delete': 'false',
    'x-expires': expires,
    receipt: 'r',
  });

  it('that are allowed shape the queue', async () => {
    const client = await strict.connected('alice');
    client.send('SUBSCRIBE', asking(`/queue/work.${unique('a')}`, '60000'));
    await client.receipt('r');
  });

  it('that are not are refused, with what would be taken', async () => {
    const client = await strict.connected('alice');
    client.send('SUBSCRIBE', asking(`/queue/work.${unique('b')}`, '60001'));
    const { error } = await client.refused();
    expect(error.headers).toMatchObject({ code: 'ERR_FORBIDDEN' });
    expect(error.body.toString()).toContain('0 to 60000');
  });
});

describe('a queue that would stay though nobody could find it again', () => {
  const asking = { id: 's', destination: '/topic/kept.x', 'auto-delete': 'false', receipt: 'r' };

  it('is not made', async () => {
    const client = await strict.connected('alice');
    client.send('SUBSCRIBE', asking);
    expect((await client.refused()).error.headers.code).toBe('ERR_BAD_HEADER');
  });

  it.each([{ durable: 'true' }, { 'x-queue-name': unique('mine') }])('is made with %j', async (named) => {
    const client = await strict.connected('alice');
    client.send('SUBSCRIBE', { ...asking, ...named });
    await client.receipt('r');
  });
});

describe('a dry run', () => {
  it('lets through what the rules deny, logs and counts it', async () => {
    const client = await dry.connected('alice');
    const topic = `/topic/shut.${unique('x')}`;
    await client.subscribed('s', topic);
    client.send('SEND', { destination: topic, receipt: 'sent' }, 'hello');
    await client.receipt('sent');
    expect((await client.message('hello')).headers).toMatchObject({ destination: topic });
    expect(lines.filter(({ destination }) => destination === topic)).toMatchObject([
      { user: 'alice', action: 'subscribe', line: null },
      { user: 'alice', action: 'send', line: 6 },
    ]);
    const metrics = await (await fetch(`${dry.url}/metrics`)).text();
    expect(metrics).toMatch(/relay_dry_run_denials_total\{action="send"\} [1-9]/);
  });

  it('is announced', () => {
    expect(lines.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('RELAY_ACCESS_DRY_RUN'));
  });

  it('grants no headers', async () => {
    const client = await dry.connected('alice');
    client.send('SUBSCRIBE', { id: 'q', destination: `/queue/${unique('x')}`, durable: 'true' });
    expect((await client.refused()).error.headers).toMatchObject({ code: 'ERR_FORBIDDEN' });
  });
});

it.each([
  ['strict', () => strict],
  ['dry', () => dry],
])('a token whose grants cannot be read opens nothing: %s', async (_name, relay) => {
  const token = await relay().token('alice', { grants: { subscribe: '/topics/#' } });
  const refused = relay().anonymous({ socket: { headers: { authorization: `Bearer ${token}` } } });
  await expect(refused).rejects.toThrow(HandshakeRefused);
  const answer = await fetch(`${relay().url}/api/unread`, { headers: { authorization: `Bearer ${token}` } });
  expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
    401,
    'ERR_TOKEN_GRANTS',
  ]);
});
