import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Code } from '../../src/doctor/codes.js';
import type { Report } from '../../src/doctor/report.js';
import { run } from '../cli/run.js';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { manage } from '../support/management.js';
import { World } from '../support/world.js';
import { ClockProxy } from './clock-proxy.js';

const { amqpUrl, webStompUrl, managementUrl, clientUsername, clientPassword, vhost } = broker();
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

const api = <T = unknown>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object) =>
  manage<T>({ managementUrl }, method, path.replaceAll('{vhost}', vhost), body);
const permit = (user: string, permission: Partial<Record<'configure' | 'write' | 'read', string>>) =>
  api('PUT', `permissions/{vhost}/${user}`, { configure: '.*', write: '.*', read: '.*', ...permission });
const OTHERS = '^(?!relay\\.).*';

interface Fault {
  /** The finding that must name it. */
  code: Code;
  level: 'error' | 'warning' | 'note';
  /** What stands in the finding. */
  says: RegExp;
  /** What its fix looks like. */
  fix: RegExp;
  plant(): Promise<unknown>;
  remove(): Promise<unknown>;
}

async function exchange(name: string, type: string, args: object): Promise<void> {
  const bindings = await api<{ destination: string; routing_key: string }[]>(
    'GET',
    `exchanges/{vhost}/${name}/bindings/source`,
  );
  await api('DELETE', `exchanges/{vhost}/${name}`);
  await api('PUT', `exchanges/{vhost}/${name}`, { type, durable: true, arguments: args });
  for (const { destination, routing_key } of bindings) {
    await api('POST', `bindings/{vhost}/e/${name}/q/${destination}`, { routing_key });
  }
}

async function queue(name: string, args: object): Promise<void> {
  await api('DELETE', `queues/{vhost}/${name}`);
  await api('PUT', `queues/{vhost}/${name}`, { durable: true, arguments: args });
}

const fill = async (name: string, count: number) => {
  for (let i = 0; i < count; i++) await service.publish('', name, String(i), { persistent: true });
};
const dropQueue = (name: string) => service.channel.deleteQueue(name);
const policy = (kind: string, pattern: string, definition: object) => ({
  plant: () => api('PUT', `${kind}/{vhost}/planted`, { pattern, definition, 'apply-to': 'queues' }),
  remove: () => api('DELETE', `${kind}/{vhost}/planted`),
});
const limit = (name: string, value: number) => ({
  plant: () => api('PUT', `vhost-limits/{vhost}/${name}`, { value }),
  remove: () => api('DELETE', `vhost-limits/{vhost}/${name}`),
});

const INTAKE = {
  'x-queue-type': 'quorum',
  'x-single-active-consumer': true,
  'x-delivery-limit': 1_000_000_000,
};
const MAILBOX = 'relay.unread.alice.topic.reply';

const faults: [string, Fault][] = [
  [
    'an exchange of another type',
    {
      code: 'DOC_EXCHANGE_WRONG',
      level: 'error',
      says: /exchange relay\.app is of type direct, not topic/,
      fix: /-X DELETE http.*\/api\/exchanges\/.*\/relay\.app/,
      plant: () => exchange('relay.app', 'direct', {}),
      remove: () => exchange('relay.app', 'topic', {}),
    },
  ],
  [
    'relay.user without its alternate exchange, so that nothing becomes unread',
    {
      code: 'DOC_PROBE_UNREAD',
      level: 'error',
      says: /away/,
      fix: /relay\.user/,
      plant: () => exchange('relay.user', 'topic', {}),
      remove: () => exchange('relay.user', 'topic', { 'alternate-exchange': 'relay.unread' }),
    },
  ],
  [
    'a foreign queue that takes everybody’s messages',
    {
      code: 'DOC_PROBE_UNREAD',
      level: 'error',
      says: /away/,
      fix: /remove bindings of relay\.user/,
      plant: async () => {
        await service.channel.assertQueue('archive', { durable: true });
        await service.channel.bindQueue('archive', 'relay.user', '#');
      },
      remove: () => dropQueue('archive'),
    },
  ],
  [
    'the intake unbound',
    {
      code: 'DOC_BINDING_MISSING',
      level: 'error',
      says: /relay\.unread\.intake is not bound to exchange relay\.unread with the key #/,
      fix: /start a relay/,
      plant: () => service.channel.unbindQueue('relay.unread.intake', 'relay.unread', '#'),
      remove: () => service.channel.bindQueue('relay.unread.intake', 'relay.unread', '#'),
    },
  ],
  [
    'a queue with other arguments',
    {
      code: 'DOC_QUEUE_WRONG',
      level: 'error',
      says: /relay\.directory\.1 has x-single-active-consumer \(none\), not true/,
      fix: /rabbitmqctl delete_queue -p test-\w+ relay\.directory\.1/,
      plant: () => queue('relay.directory.1', { ...INTAKE, 'x-single-active-consumer': undefined }),
      remove: () => queue('relay.directory.1', INTAKE),
    },
  ],
  [
    'a queue that is not there, before a relay runs',
    {
      code: 'DOC_TOPOLOGY_MISSING',
      level: 'note',
      says: /relay\.directory\.2/,
      fix: /start a relay/,
      plant: () => dropQueue('relay.directory.2'),
      remove: () => api('PUT', 'queues/{vhost}/relay.directory.2', { durable: true, arguments: INTAKE }),
    },
  ],
  [
    'a client user who may write to the relay’s exchanges',
    {
      code: 'DOC_CLIENT_REACHES_RELAY',
      level: 'error',
      says: /relay-client.* may write relay\.unread/,
      fix: /set_permissions -p test-\w+ relay-client '\^\(\?!relay/,
      plant: () => permit('relay-client', { configure: OTHERS, read: OTHERS }),
      remove: () => permit('relay-client', { configure: OTHERS, write: OTHERS, read: OTHERS }),
    },
  ],
  [
    'a client user who may not use temporary queues',
    {
      code: 'DOC_CLIENT_PERMISSION',
      level: 'error',
      says: /may not configure amq\.gen-name/,
      fix: /set_permissions/,
      plant: () => permit('relay-client', { configure: '^stomp', write: OTHERS, read: OTHERS }),
      remove: () => permit('relay-client', { configure: OTHERS, write: OTHERS, read: OTHERS }),
    },
  ],
  [
    'a relay user who may not make mailboxes',
    {
      code: 'DOC_PERMISSION_MISSING',
      level: 'error',
      says: /relay may not configure relay\.unread/,
      fix: /set_permissions -p test-\w+ relay '\.\*'/,
      plant: () => permit('relay', { configure: '^(amq|stomp)' }),
      remove: () => permit('relay', {}),
    },
  ],
  [
    'topic permissions that leave out keys',
    {
      code: 'DOC_TOPIC_PERMISSION',
      level: 'error',
      says: /relay may use only some keys of amq\.topic/,
      fix: /clear_topic_permissions -p test-\w+ relay amq\.topic/,
      plant: () =>
        api('PUT', 'topic-permissions/{vhost}/relay', {
          exchange: 'amq.topic',
          write: '^public',
          read: '.*',
        }),
      remove: () => api('DELETE', 'topic-permissions/{vhost}/relay'),
    },
  ],
  [
    'a policy that lets unread mail end early',
    {
      code: 'DOC_POLICY_TTL',
      level: 'error',
      says: /policy "planted" .*message-ttl 60000 on .*mailboxes/,
      fix: /rabbitmqctl clear_policy -p test-\w+ planted/,
      ...policy('policies', '^relay\\.unread\\.', { 'message-ttl': 60_000 }),
    },
  ],
  [
    'an operator policy that bounds all queues',
    {
      code: 'DOC_POLICY_LENGTH',
      level: 'error',
      says: /operator policy "planted" .*max-length 1000 on relay\.unread\.intake/,
      fix: /clear_operator_policy/,
      ...policy('operator-policies', '.*', { 'max-length': 1000 }),
    },
  ],
  [
    'a limit on queues that is reached',
    {
      code: 'DOC_QUEUES_FULL',
      level: 'error',
      says: /may have 8 queues, and has 8/,
      fix: /set_vhost_limits/,
      ...limit('max-queues', 8),
    },
  ],
  [
    'a limit on connections',
    {
      code: 'DOC_CONNECTIONS_FULL',
      level: 'error',
      says: /may have 1 connections/,
      fix: /set_vhost_limits/,
      ...limit('max-connections', 1),
    },
  ],
  [
    'what a dead relay left behind',
    {
      code: 'DOC_NODE_ORPHANED',
      level: 'warning',
      says: /relay\.node\.dead: nobody reads it, and it holds 2 messages/,
      fix: /start a relay/,
      plant: async () => {
        await service.channel.assertQueue('relay.node.dead', { durable: true });
        await fill('relay.node.dead', 2);
      },
      remove: () => dropQueue('relay.node.dead'),
    },
  ],
  [
    'an exchange of a dead relay with nothing behind it',
    {
      code: 'DOC_NODE_QUEUELESS',
      level: 'error',
      says: /relay\.node\.dead/,
      fix: /DELETE/,
      plant: () => service.channel.assertExchange('relay.node.dead', 'fanout'),
      remove: () => service.channel.deleteExchange('relay.node.dead'),
    },
  ],
  [
    'unread mail that nobody sorts',
    {
      code: 'DOC_INTAKE_WAITING',
      level: 'warning',
      says: /1 messages wait in relay\.unread\.intake/,
      fix: /start a relay/,
      plant: () => service.toUser('alice', 'topic.reply', 'hello'),
      remove: () => service.channel.purgeQueue('relay.unread.intake'),
    },
  ],
  [
    'unread mail that nobody sorts though a relay is there',
    {
      code: 'DOC_KEEPER_MISSING',
      level: 'error',
      says: /1 messages wait .*though a relay runs/,
      fix: /start the relays again/,
      plant: async () => {
        await service.channel.assertQueue('relay.node.alive', { durable: true });
        await service.channel.consume('relay.node.alive', () => {});
        await service.toUser('alice', 'topic.reply', 'hello');
      },
      remove: async () => {
        await dropQueue('relay.node.alive');
        await service.channel.purgeQueue('relay.unread.intake');
      },
    },
  ],
  [
    'messages that can never be delivered',
    {
      code: 'DOC_REJECTED',
      level: 'warning',
      says: /2 messages in relay\.unread\.rejected/,
      fix: /purge_queue -p test-\w+ relay\.unread\.rejected/,
      plant: () => fill('relay.unread.rejected', 2),
      remove: () => service.channel.purgeQueue('relay.unread.rejected'),
    },
  ],
  [
    'a mailbox that is full',
    {
      code: 'DOC_MAILBOX_FULL',
      level: 'warning',
      says: /relay\.unread\.alice\.topic\.reply \(100 %\)/,
      fix: /RELAY_MAILBOX_LENGTH/,
      plant: async () => {
        await service.channel.assertQueue(MAILBOX, { durable: true, maxLength: 3 });
        await fill(MAILBOX, 5);
      },
      remove: () => dropQueue(MAILBOX),
    },
  ],
];

describe('finds what is wrong at the broker, and is quiet when it is mended', () => {
  it.each(faults)('%s', async (_what, { code, level, says, fix, plant, remove }) => {
    await plant();
    try {
      const ill = await doctor();
      const named = ill.findings.filter((finding) => finding.code === code);
      expect(named, ill.codes.join()).toMatchObject([{ level, why: expect.stringMatching(/\w/) as string }]);
      expect(named[0]?.what).toMatch(says);
      expect(named[0]?.fix).toMatch(fix);
      expect(ill.code).toBe(ill.findings.some((finding) => finding.level === 'error') ? 1 : 0);
    } finally {
      await remove();
    }
    const well = await doctor();
    expect([well.code, well.codes, well.unchecked]).toEqual([0, [], []]);
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
  it.each<[Code, Record<string, string>, RegExp]>([
    ['DOC_AMQP_UNREACHABLE', { RABBITMQ_URL: elsewhere(amqpUrl) }, /ECONNREFUSED/],
    [
      'DOC_AMQP_LOGIN',
      { RABBITMQ_URL: changed(amqpUrl, (url) => (url.password = WRONG)) },
      /password of relay/,
    ],
    ['DOC_VHOST_MISSING', { RABBITMQ_URL: `${amqpUrl}-not` }, /no virtual host "test-\w+-not"/],
    ['DOC_WEB_STOMP_UNREACHABLE', { RABBITMQ_WEB_STOMP_URL: elsewhere(webStompUrl) }, /ECONNREFUSED/],
    ['DOC_WEB_STOMP_PATH', { RABBITMQ_WEB_STOMP_URL: `${webStompUrl}x` }, /HTTP 404/],
    [
      'DOC_WEB_STOMP_LOGIN',
      { RABBITMQ_WEB_STOMP_URL: changed(webStompUrl, (url) => (url.password = WRONG)) },
      /password of relay/,
    ],
    ['DOC_CLIENT_LOGIN', { RABBITMQ_CLIENT_PASSWORD: WRONG }, /password of relay-client/],
    ['DOC_CLIENT_SHARED', { RABBITMQ_CLIENT_USERNAME: '', RABBITMQ_CLIENT_PASSWORD: '' }, /as the relay/],
    ['DOC_MANAGEMENT_UNREACHABLE', { RABBITMQ_MANAGEMENT_URL: elsewhere(managementUrl) }, /ECONNREFUSED/],
    [
      'DOC_MANAGEMENT_LOGIN',
      { RABBITMQ_MANAGEMENT_URL: changed(managementUrl, (url) => (url.password = WRONG)) },
      /does not let relay in/,
    ],
    ['DOC_CHANNEL_MAX', { RABBITMQ_URL: `${amqpUrl}?channelMax=500` }, /may have 500 channels/],
    ['DOC_ACK_TIMEOUT', { RELAY_ACK_TIMEOUT: '3600000' }, /60 min/],
  ])('%s', async (code, env, says) => {
    const { findings } = await doctor(env);
    const named = findings.filter((finding) => finding.code === code);
    expect(named, findings.map((finding) => finding.code).join()).toHaveLength(1);
    expect(named[0]?.what).toMatch(says);
  });

  it('names the port on which the broker serves Web-STOMP', async () => {
    const { findings } = await doctor({ RABBITMQ_WEB_STOMP_URL: elsewhere(webStompUrl) });
    const { port } = new URL(webStompUrl);
    expect(findings.find(({ code }) => code === 'DOC_WEB_STOMP_UNREACHABLE')?.fix).toContain(`:${port}/ws`);
  });

  it.each<[Code, number, RegExp]>([
    ['DOC_CLOCK_OFF', 20_000, /ahead of/],
    ['DOC_CLOCK_WRONG', -120_000, /behind/],
  ])('%s', async (code, ahead, says) => {
    const proxy = await world.keep(ClockProxy.open(managementUrl, ahead));
    const { findings, codes } = await doctor({ RABBITMQ_MANAGEMENT_URL: proxy.url });
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
    await dropQueue('relay.node.unknown');
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
  expect(await objects()).toEqual(before);
  for (const secret of [new URL(amqpUrl).password, clientPassword, WRONG]) expect(said).not.toContain(secret);
});
