import { describe, expect, it } from 'vitest';
import { judgeNodes } from '../../src/doctor/checks/alarms.js';
import { judgeAmqp } from '../../src/doctor/checks/amqp.js';
import { judgeVhost } from '../../src/doctor/checks/limits.js';
import { judgeMailboxes } from '../../src/doctor/checks/mailboxes.js';
import { judgePlugins } from '../../src/doctor/checks/plugins.js';
import { judgeQuorums } from '../../src/doctor/checks/quorum.js';
import { judgeResources } from '../../src/doctor/checks/resources.js';
import { judgeConnections, judgeUnacked } from '../../src/doctor/checks/serving.js';
import { judgeVersion } from '../../src/doctor/checks/version.js';
import type { Told } from '../../src/doctor/finding.js';
import { skewOf } from '../../src/doctor/management.js';
import type { BrokerNode } from '../../src/doctor/nodes.js';
import { settings } from './settings.js';

/** As RabbitMQ 3.10 answers, with what is not read left out. */
const NODE: BrokerNode = {
  name: 'rabbit@one',
  running: true,
  mem_used: 141_467_648,
  mem_limit: 10_130_107_596,
  mem_alarm: false,
  disk_free: 81_140_932_608,
  disk_free_limit: 64_000_000,
  disk_free_alarm: false,
  fd_used: 49,
  fd_total: 20_000,
  sockets_used: 7,
  sockets_total: 17_910,
  proc_used: 548,
  proc_total: 1_048_576,
  partitions: [],
  enabled_plugins: ['rabbitmq_management', 'rabbitmq_prometheus', 'rabbitmq_web_stomp'],
  applications: [{ name: 'rabbitmq_stomp' }, { name: 'rabbitmq_web_stomp' }],
};

const codes = (told: readonly Told[]) => told.flatMap((one) => (one.kind === 'finding' ? [one.code] : []));
const texts = (told: readonly Told[]) => told.map((one) => ('what' in one ? one.what : '')).join();

describe('a node of the broker', () => {
  it.each<[string, Partial<BrokerNode>, string[]]>([
    ['that is well', {}, []],
    // With 3.10 and `rabbitmqctl set_vm_memory_high_watermark 0.00001`.
    ['in an alarm for memory', { mem_limit: 253_252, mem_alarm: true }, ['DOC_ALARM']],
    ['near an alarm for memory', { mem_limit: 150_000_000 }, ['DOC_ALARM_NEAR']],
    ['in an alarm for disk', { disk_free: 63_000_000, disk_free_alarm: true }, ['DOC_ALARM']],
    ['near an alarm for disk', { disk_free: 65_000_000 }, ['DOC_ALARM_NEAR']],
    ['that has not looked at its disk yet', { disk_free_limit: 'disk_free_monitoring_disabled' }, []],
    ['that is down', { running: false }, ['DOC_NODE_DOWN']],
    ['cut off from another', { partitions: ['rabbit@two'] }, ['DOC_PARTITION']],
    ['in maintenance', { being_drained: true }, ['DOC_MAINTENANCE']],
  ])('%s', (_what, change, expected) => {
    expect(codes(judgeNodes([NODE, { ...NODE, ...change }]))).toEqual(expected);
  });

  it.each<[string, Partial<BrokerNode>, string[]]>([
    ['enough of everything', {}, []],
    ['few files', { fd_total: 1024 }, ['DOC_FILES_FEW']],
    ['hardly any files left', { fd_used: 17_000 }, ['DOC_RESOURCES_SHORT']],
    ['hardly any sockets left', { sockets_used: 17_000 }, ['DOC_RESOURCES_SHORT']],
    ['hardly any processes left', { proc_used: 1_000_000 }, ['DOC_RESOURCES_SHORT']],
    ['no figures', { fd_used: 0, fd_total: 0 }, []],
  ])('with %s', (_what, change, expected) => {
    expect(codes(judgeResources([{ ...NODE, ...change }]))).toEqual(expected);
  });

  it('without a plugin, unless it is down', () => {
    expect(judgePlugins([NODE])).toEqual([]);
    const plain = { ...NODE, enabled_plugins: ['rabbitmq_management'], applications: [] };
    const findings = judgePlugins([plain, { ...plain, running: false }]);
    expect(codes(findings)).toEqual(['DOC_PLUGIN_DISABLED', 'DOC_PLUGIN_PROMETHEUS']);
    const fix = 'rabbitmq-plugins -n rabbit@one enable rabbitmq_web_stomp';
    expect(findings[0]).toMatchObject({ fix });
  });

  it('that has not told its plugins yet', () => {
    const { enabled_plugins, applications, ...young } = NODE;
    expect(judgePlugins([young])).toMatchObject([{ kind: 'unchecked', what: 'plugins of rabbit@one' }]);
  });
});

describe('quorum queues', () => {
  const queue = (online: number, members = 3) => ({
    name: 'relay.unread.intake',
    type: 'quorum',
    members: Array(members).fill('n') as string[],
    online: Array(online).fill('n') as string[],
  });

  it.each([
    ['all there', queue(3), 3, []],
    ['one away', queue(2), 3, []],
    ['two away', queue(1), 3, ['DOC_QUORUM_LOST']],
    ['half of two', queue(1, 2), 2, ['DOC_QUORUM_LOST']],
    ['on one node of three', queue(1, 1), 3, ['DOC_QUORUM_FEW']],
    ['on three nodes of five', queue(3), 5, []],
    ['on the only node', queue(1, 1), 1, []],
  ])('%s', (_what, one, nodes, expected) => {
    expect(codes(judgeQuorums([one], nodes, '/'))).toEqual(expected);
  });
});

describe('the version', () => {
  it.each([
    ['4.2.1', 'Erlang/OTP 27.1', []],
    ['3.13.7', 'Erlang/OTP 26.2', ['DOC_VERSION_EOL']],
    ['3.10.8', 'Erlang/OTP 25.2.3', ['DOC_VERSION_EOL']],
    ['3.9.29', 'Erlang/OTP 24.3', ['DOC_VERSION_TOO_OLD', 'DOC_ERLANG_OLD']],
  ])('%s on %s', (version, platform, expected) => {
    const server = { product: 'RabbitMQ', version, platform, channelMax: 2047, frameMax: 131_072 };
    expect(codes(judgeVersion(server))).toEqual(expected);
  });

  it('of another broker', () => {
    const server = {
      product: 'LavinMQ',
      version: '2.0.0',
      platform: 'Crystal',
      channelMax: 2047,
      frameMax: 131_072,
    };
    expect(codes(judgeVersion(server))).toEqual(['DOC_VERSION_TOO_OLD']);
  });
});

it('limits of the virtual host count as reached a little before', () => {
  const judge = (queues: number) => codes(judgeVhost({ 'max-queues': 100 }, { queues, connections: 5 }, '/'));
  expect([judge(50), judge(90), judge(100)]).toEqual([
    ['DOC_QUEUES_LIMITED'],
    ['DOC_QUEUES_FULL'],
    ['DOC_QUEUES_FULL'],
  ]);
  expect(judgeVhost({}, { queues: 1e6, connections: 1e6 }, '/')).toEqual([]);
});

it('mailboxes near their own limits are told, by messages and by bytes', () => {
  const { env } = settings();
  const limits = { 'x-max-length': 100, 'x-max-length-bytes': 1000 };
  const mailbox = (messages: number, message_bytes: number) => ({
    name: `relay.unread.u${messages}.${message_bytes}`,
    arguments: limits,
    messages,
    message_bytes,
  });
  const told = judgeMailboxes([mailbox(79, 100), mailbox(80, 100), mailbox(1, 900)], env);
  expect(codes(told)).toEqual(['DOC_MAILBOX_FULL', 'DOC_MAILBOX_SETTINGS']);
  expect(texts(told)).toContain(
    '2 mailboxes are full or nearly so: relay.unread.u80.100 (80 %), relay.unread.u1.900 (90 %)',
  );
  expect(codes(judgeMailboxes([], env))).toEqual([]);
});

it('connections that are held back are told, but not the doctor’s own', () => {
  const held = { name: '127.0.0.1:1 -> 127.0.0.1:2', user: 'relay', state: 'flow', protocol: 'STOMP 1.2' };
  const own = {
    ...held,
    state: 'blocked',
    client_properties: { connection_name: 'stomp-relay doctor, client' },
  };
  expect(codes(judgeConnections([{ ...held, state: 'running' }, own]))).toEqual([]);
  expect(codes(judgeConnections([held, own]))).toEqual(['DOC_FLOW']);
});

it('a relay that has as much on its way as it may is told', () => {
  const queue = { name: 'relay.node.a', messages_ready: 7 };
  expect(judgeUnacked([{ ...queue, messages_unacknowledged: 1000 }], 2000)).toEqual([]);
  expect(codes(judgeUnacked([{ ...queue, messages_unacknowledged: 1900 }], 2000))).toEqual(['DOC_UNACKED']);
});

describe('a connection that fails', () => {
  const judge = (code: string, message: string) =>
    judgeAmqp(Object.assign(new Error(message), { code }), 'amqps://relay:secret@rabbit.example:5671/x');

  it.each([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify', 'DOC_AMQP_TLS', /^set RABBITMQ_CA/],
    ['CERT_HAS_EXPIRED', 'certificate has expired', 'DOC_AMQP_TLS', /./],
    ['EPROTO', 'wrong version number', 'DOC_AMQP_TLS', /^RABBITMQ_URL=amqp:/],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND rabbit.example', 'DOC_AMQP_UNREACHABLE', /RABBITMQ_URL/],
  ])('with %s', (code, message, expected, fix) => {
    const finding = judge(code, message);
    expect(finding).toMatchObject({ code: expected, fix: expect.stringMatching(fix) as string });
    expect(JSON.stringify(finding)).not.toContain('secret');
  });
});

describe('a clock', () => {
  const sent = Date.parse('2026-01-01T12:00:00.400Z');
  it.each([
    ['Thu, 01 Jan 2026 12:00:00 GMT', 0],
    ['Thu, 01 Jan 2026 12:00:01 GMT', 500],
    ['Thu, 01 Jan 2026 11:59:50 GMT', -9400],
    ['Thu, 01 Jan 2026 12:02:00 GMT', 119_500],
    ['yesterday', undefined],
    [undefined, undefined],
  ])('that says %s', (date, ahead) => {
    expect(skewOf(date, sent, sent + 100)).toBe(ahead);
  });
});
