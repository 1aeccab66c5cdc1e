import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Code } from '../../src/doctor/codes.js';
import type { Report } from '../../src/doctor/report.js';
import { run } from '../cli/run.js';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { World } from '../support/world.js';
import { ClockProxy } from './clock-proxy.js';
import { api, FAULTS, OTHERS, permit } from './faults.js';

const { amqpUrl, webStompUrl, managementUrl, clientUsername, clientPassword } = broker();
const SETTINGS = {
  RABBITMQ_URL: amqpUrl,
  RABBITMQ_WEB_STOMP_URL: webStompUrl,
  RABBITMQ_MANAGEMENT_URL: managementUrl,
  RABBITMQ_CLIENT_USERNAME: clientUsername,
  RABBITMQ_CLIENT_PASSWORD: clientPassword,
};
/** What it may say of a broker that nothing is wrong with: that it is old, or the machine small or busy. */
const HEALTHY: Code[] = ['DOC_VERSION_EOL', 'DOC_FILES_FEW', 'DOC_PROBE_SLOW'];
/** A port on which nobody listens. */
const NOBODY = '127.0.0.1:1';

const world = new World();
let service: Service;
let said = '';

beforeAll(async () => {
  service = await world.service();
});
afterAll(() => world.close());

async function doctor(env: Record<string, string> = {}, args: string[] = []) {
  const ran = await run('doctor', ['--json', '--timeout', '5', ...args], { env: { ...SETTINGS, ...env } });
  said += ran.out + ran.err;
  const { findings, unchecked } = JSON.parse(ran.out) as Report;
  const codes = findings.map(({ code }) => code).filter((code) => !HEALTHY.includes(code));
  return { code: ran.code, findings, codes, unchecked };
}

describe('finds what is wrong at the broker, that alone, and with its fix', () => {
  it.each(FAULTS)('%s', async (_what, { code, also = [], level, says, fix, plant, remove }) => {
    await plant(service);
    const ill = await doctor().finally(() => remove(service));
    expect(new Set(ill.codes)).toEqual(new Set([code, ...also]));
    const named = ill.findings.filter((finding) => finding.code === code);
    expect(named).toMatchObject([{ level, why: expect.stringMatching(/\w/) as string }]);
    expect(named[0]?.what).toMatch(says);
    expect(named[0]?.fix).toMatch(fix);
    expect(ill.code).toBe(ill.findings.some((finding) => finding.level === 'error') ? 1 : 0);
  });

  it('and nothing when all of it is mended', async () => {
    const { code, codes, unchecked } = await doctor();
    expect([code, codes, unchecked]).toEqual([0, [], []]);
  });
});

const changed = (url: string, change: (url: URL) => void) => {
  const copy = new URL(url);
  change(copy);
  return copy.href;
};
const elsewhere = (url: string) => changed(url, (copy) => (copy.host = NOBODY));
const WRONG = 'wrong-password';

describe('finds what is wrong with the settings', () => {
  it.each<[Code, string, Record<string, string>, RegExp]>([
    ['DOC_AMQP_UNREACHABLE', 'amqp', { RABBITMQ_URL: elsewhere(amqpUrl) }, /ECONNREFUSED/],
    [
      'DOC_AMQP_UNREACHABLE',
      'amqp',
      {
        RABBITMQ_URL: `${elsewhere(amqpUrl)},${amqpUrl}`,
        RABBITMQ_WEB_STOMP_URL: `${webStompUrl},${webStompUrl}`,
      },
      /ECONNREFUSED/,
    ],
    [
      'DOC_AMQP_LOGIN',
      'amqp',
      { RABBITMQ_URL: changed(amqpUrl, (url) => (url.password = WRONG)) },
      /password of relay/,
    ],
    ['DOC_VHOST_MISSING', 'amqp', { RABBITMQ_URL: `${amqpUrl}-not` }, /no virtual host "test-\w+-not"/],
    [
      'DOC_WEB_STOMP_UNREACHABLE',
      'web-stomp',
      { RABBITMQ_WEB_STOMP_URL: elsewhere(webStompUrl) },
      /ECONNREFUSED/,
    ],
    [
      'DOC_WEB_STOMP_UNREACHABLE',
      'web-stomp',
      {
        RABBITMQ_URL: `${amqpUrl},${amqpUrl}`,
        RABBITMQ_WEB_STOMP_URL: `${webStompUrl},${elsewhere(webStompUrl)}`,
      },
      /ECONNREFUSED/,
    ],
    ['DOC_WEB_STOMP_PATH', 'web-stomp', { RABBITMQ_WEB_STOMP_URL: `${webStompUrl}x` }, /HTTP 404/],
    [
      'DOC_WEB_STOMP_LOGIN',
      'web-stomp',
      { RABBITMQ_WEB_STOMP_URL: changed(webStompUrl, (url) => (url.password = WRONG)) },
      /password of relay/,
    ],
    ['DOC_CLIENT_LOGIN', 'web-stomp', { RABBITMQ_CLIENT_PASSWORD: WRONG }, /password of relay-client/],
    [
      'DOC_CLIENT_SHARED',
      'client',
      { RABBITMQ_CLIENT_USERNAME: '', RABBITMQ_CLIENT_PASSWORD: '' },
      /as the relay/,
    ],
    [
      'DOC_MANAGEMENT_UNREACHABLE',
      'management',
      { RABBITMQ_MANAGEMENT_URL: elsewhere(managementUrl) },
      /ECONNREFUSED/,
    ],
    [
      'DOC_MANAGEMENT_LOGIN',
      'management',
      { RABBITMQ_MANAGEMENT_URL: changed(managementUrl, (url) => (url.password = WRONG)) },
      /does not let relay in/,
    ],
    ['DOC_CHANNEL_MAX', 'connection', { RABBITMQ_URL: `${amqpUrl}?channelMax=500` }, /may have 500 channels/],
    ['DOC_ACK_TIMEOUT', 'connection', { RELAY_ACK_TIMEOUT: '3600000' }, /60 min/],
  ])('%s', async (code, check, env, says) => {
    const { findings, codes } = await doctor(env, ['--only', check]);
    expect(codes).toEqual([code]);
    expect(findings.find((finding) => finding.code === code)?.what).toMatch(says);
  });

  it('names the port on which the broker serves Web-STOMP', async () => {
    const env = { RABBITMQ_WEB_STOMP_URL: elsewhere(webStompUrl) };
    const { findings } = await doctor(env, ['--only', 'web-stomp']);
    const { port } = new URL(webStompUrl);
    expect(findings.find(({ code }) => code === 'DOC_WEB_STOMP_UNREACHABLE')?.fix).toContain(`:${port}/ws`);
  });

  it.each<[Code, number, RegExp]>([
    ['DOC_CLOCK_OFF', 20_000, /ahead of/],
    ['DOC_CLOCK_WRONG', -120_000, /behind/],
  ])('%s', async (code, ahead, says) => {
    const proxy = await world.keep(ClockProxy.open(managementUrl, ahead));
    const { findings, codes } = await doctor({ RABBITMQ_MANAGEMENT_URL: proxy.url }, ['--only', 'clock']);
    expect(codes).toEqual([code]);
    expect(findings.find((finding) => finding.code === code)?.what).toMatch(says);
  });

  it('and says what it cannot see without the management', async () => {
    const { code, codes, unchecked } = await doctor({ RABBITMQ_MANAGEMENT_URL: '' });
    expect([code, codes]).toEqual([0, []]);
    expect(unchecked.map(({ what }) => what)).toContain('policies and operator policies');
    for (const { reason } of unchecked) expect(reason).toContain('RABBITMQ_MANAGEMENT_URL=');
  });
});

it('tries out what the user of private links reaches, where it cannot read permissions', async () => {
  await permit('relay-client', {});
  const { findings } = await doctor({ RABBITMQ_MANAGEMENT_URL: '' }, ['--only', 'client']);
  await permit('relay-client', { configure: OTHERS, write: OTHERS, read: OTHERS });
  expect(findings).toMatchObject([
    {
      code: 'DOC_CLIENT_REACHES_RELAY',
      what: expect.stringMatching(/declare queues.*publish to.*listen to relay\.user/) as string,
    },
  ]);
});

describe('while a relay serves', () => {
  it('nothing is wrong, and messages pass in no time', async () => {
    const relay = await world.relay();
    const { code, codes, unchecked } = await doctor({}, ['--relay', relay.url]);
    expect([code, codes, unchecked]).toEqual([0, [], []]);
    const ran = await run('doctor', ['--relay', relay.url], { env: SETTINGS });
    expect(ran.out).toContain(`${relay.url}: ready`);
    expect(ran.out).toMatch(/^relays at the broker: 1$/m);
    expect(ran.out).toMatch(/^AMQP to a user who is away: \d+\.\d ms$/m);
    const away = await doctor({}, ['--only', 'relays', '--relay', `http://${NOBODY}`]);
    expect(away.codes).toEqual(['DOC_RELAY_UNREACHABLE']);
    const { origin } = new URL(amqpUrl.replace('amqp:', 'http:'));
    const other = amqpUrl.slice(0, amqpUrl.indexOf('@') + 1) + new URL(origin).host;
    const elsewhere = await doctor({ RABBITMQ_URL: other }, ['--only', 'relays', '--relay', relay.url]);
    expect(elsewhere.codes).toEqual(['DOC_RELAY_ELSEWHERE']);
    // What it publishes to nobody is no unread mail.
    expect(await service.channel.checkQueue('relay.unread.intake')).toMatchObject({ messageCount: 0 });

    await service.channel.assertQueue('relay.node.unknown', { durable: true });
    await api('DELETE', 'exchanges/{vhost}/relay.app');
    const ill = await doctor();
    await service.channel.deleteQueue('relay.node.unknown');
    await api('PUT', 'exchanges/{vhost}/relay.app', { type: 'topic', durable: true });
    expect(ill.codes).toEqual(['DOC_TOPOLOGY_GONE', 'DOC_NODE_ORPHANED']);
    await relay.close();
  });
});

it('leaves nothing behind, and tells no password', async () => {
  const objects = async () => {
    const [queues, exchanges] = await Promise.all(
      ['queues', 'exchanges'].map((kind) => api<{ name: string }[]>('GET', `${kind}/{vhost}?columns=name`)),
    );
    return [queues, exchanges].map((list) => list?.map(({ name }) => name).sort());
  };
  const before = await objects();
  await doctor();
  // RabbitMQ deletes a queue a moment after its consumer has gone.
  await expect.poll(objects, { timeout: 5000 }).toEqual(before);
  for (const secret of [new URL(amqpUrl).password, clientPassword, WRONG]) expect(said).not.toContain(secret);
});
