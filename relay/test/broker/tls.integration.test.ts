import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Broker, type NodeTls, startBroker } from '../../../rabbitmq/launcher/index.js';
import type { Report } from '../../src/doctor/report.js';
import { run } from '../cli/run.js';
import { Authority } from '../support/certificates.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let authority: Authority;
let foreign: Authority;
let tls: NodeTls;
let broker: Broker;
/** Settings of a relay that has everything right. */
let trusting: Record<string, string>;
let ownCertificate: Record<string, string>;
let foreignCertificate: Record<string, string>;
const relays: TestRelay[] = [];

beforeAll(async () => {
  [authority, foreign] = await Promise.all([Authority.found(), Authority.found('somebody else')]);
  const [server, relay, stranger] = await Promise.all([
    authority.issue('broker', { addresses: ['127.0.0.1'] }),
    authority.issue('relay'),
    foreign.issue('relay'),
  ]);
  tls = { cert: authority.write('broker.pem', server.cert), key: authority.write('broker.key', server.key) };
  broker = await startBroker({ dataDir: `${authority.folder}/node`, tls });
  trusting = { RABBITMQ_CA: authority.write('ca.pem', `# ours\n${foreign.cert}\n${authority.cert}`) };
  ownCertificate = {
    RABBITMQ_CERT: authority.write('relay.pem', relay.cert),
    RABBITMQ_KEY: authority.write('relay.key', relay.key),
  };
  foreignCertificate = {
    RABBITMQ_CERT: foreign.write('relay.pem', stranger.cert),
    RABBITMQ_KEY: foreign.write('relay.key', stranger.key),
  };
});
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.close()));
  await broker?.stop();
  authority?.close();
  foreign?.close();
});
beforeEach(() => vi.unstubAllEnvs());

async function start(env: Record<string, string>): Promise<TestRelay> {
  const { secure, managementUrl, clientUsername, clientPassword } = broker;
  const relay = await startRelay({
    RABBITMQ_URL: secure?.amqpUrl ?? '',
    RABBITMQ_WEB_STOMP_URL: secure?.webStompUrl ?? '',
    RABBITMQ_MANAGEMENT_URL: managementUrl,
    RABBITMQ_CLIENT_USERNAME: clientUsername,
    RABBITMQ_CLIENT_PASSWORD: clientPassword,
    ...env,
  });
  relays.push(relay);
  return relay;
}

/** The error that a relay with these settings ends with, long before the time to start is over. */
async function refusal(env: Record<string, string>): Promise<string> {
  const outcome = await start({ RELAY_START_TIMEOUT: '600000', ...env }).catch((error: Error) => error);
  if (!(outcome instanceof Error)) throw new Error('the relay started');
  return outcome.message;
}

/** Settings with TLS on one of the two ways to the broker, and what `/readyz` calls it: the first to fail ends the start. */
function eachAlone(): [string, Record<string, string>][] {
  return [
    ['amqp', { RABBITMQ_WEB_STOMP_URL: broker.webStompUrl }],
    ['topics', { RABBITMQ_URL: broker.amqpUrl }],
  ];
}

/** Over every kind of link: AMQP for bindings and unread mail, shared and private Web-STOMP. */
async function carriesEverything(relay: TestRelay): Promise<void> {
  const [alice, queue] = [unique('alice'), `/queue/${unique('tls')}`];
  const client = await relay.stomp(alice);
  await client.subscribed('/user/topic/reply', { id: 'user' });
  await client.subscribed('/topic/tls', { id: 'topic' });
  await client.subscribed(queue, { id: 'queue' });
  client.send(`/user/${alice}/topic/reply`, 'mine');
  client.send('/topic/tls', 'everybody’s');
  client.send(queue, 'from the queue');
  expect((await client.message(0, 'user')).body.toString()).toBe('mine');
  expect((await client.message(0, 'topic')).body.toString()).toBe('everybody’s');
  expect((await client.message(0, 'queue')).body.toString()).toBe('from the queue');
}

// Chapters in the life of one node: without a demand for certificates of clients, and then with one.
describe('a broker that speaks TLS', () => {
  it('is served with RABBITMQ_CA', async () => {
    await carriesEverything(await start(trusting));
  });

  it.each([
    ['without RABBITMQ_CA', () => ({})],
    ['with another authority', () => ({ RABBITMQ_CA: foreign.write('ca.pem', foreign.cert) })],
  ])('is refused %s, and the error says what to set', async (_name, env) => {
    for (const [part, settings] of eachAlone()) {
      const message = await refusal({ ...settings, ...env() });
      expect(message).toMatch(new RegExp(`- ${part}: the broker's certificate is not trusted .*RABBITMQ_CA`));
    }
  });

  it('is examined over TLS, too, and the doctor says what to set', async () => {
    const { secure, clientUsername, clientPassword } = broker;
    const examine = async (env: Record<string, string>) => {
      const settings = {
        RABBITMQ_URL: secure?.amqpUrl ?? '',
        RABBITMQ_WEB_STOMP_URL: secure?.webStompUrl ?? '',
        RABBITMQ_CLIENT_USERNAME: clientUsername,
        RABBITMQ_CLIENT_PASSWORD: clientPassword,
      };
      const { out } = await run('doctor', ['--json'], { env: { ...settings, ...env } });
      return (JSON.parse(out) as Report).findings.filter(({ level }) => level === 'error');
    };
    expect(await examine(trusting)).toEqual([]);
    const fix = expect.stringMatching(/^set RABBITMQ_CA/) as string;
    expect(await examine({})).toMatchObject([
      { code: 'DOC_AMQP_TLS', fix },
      { code: 'DOC_WEB_STOMP_TLS', fix },
    ]);
  });

  it('is refused all the same when the environment tells Node to trust everybody', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await refusal({})).toContain('RABBITMQ_CA');
  });

  it.each([
    ['RABBITMQ_URL', 'amqp', () => broker.secure?.amqpUrl],
    ['RABBITMQ_WEB_STOMP_URL', 'topics', () => broker.secure?.webStompUrl],
  ])('is refused when %s names another host than its certificate', async (variable, part, url) => {
    const elsewhere = url()?.replace('127.0.0.1', 'localhost') ?? '';
    const message = await refusal({ ...trusting, [variable]: elsewhere });
    expect(message).toMatch(
      new RegExp(`- ${part}: the broker's certificate is for another host .*localhost`),
    );
  });

  it.each([
    ['RABBITMQ_URL', 'amqp', () => broker.amqpUrl.replace('amqp:', 'amqps:')],
    ['RABBITMQ_WEB_STOMP_URL', 'topics', () => broker.webStompUrl.replace('ws:', 'wss:')],
  ])('is refused when %s names a port without TLS', async (variable, part, url) => {
    const message = await refusal({ ...trusting, [variable]: url() });
    expect(message).toMatch(new RegExp(`- ${part}: the broker does not speak TLS on that port`));
  });

  it('that wants a certificate from now on: a relay that has one comes back, others are told', async () => {
    const relay = await start({ ...trusting, ...ownCertificate });
    tls.clientCa = authority.write('clients.pem', authority.cert);
    await broker.restart();
    await waitFor(async () => (await fetch(`${relay.url}/readyz`)).ok, {
      what: 'the relay',
      timeout: 60_000,
    });
    await carriesEverything(relay);

    for (const [part, settings] of eachAlone()) {
      for (const certificate of [{}, foreignCertificate]) {
        expect(await refusal({ ...settings, ...trusting, ...certificate })).toMatch(
          new RegExp(`- ${part}: .*refused the relay's certificate, or wants one .*RABBITMQ_CERT`),
        );
      }
    }
  });
});
