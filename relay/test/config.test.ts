import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.js';
import { protocolTable } from './support/protocol.js';

const KEY = { RELAY_JWT_SECRET: 'a-secret-that-is-long-enough-for-HS256!' };
const TWO = (endpoints: string) => ({
  RABBITMQ_URL: 'amqp://a:secret@one,amqp://a:secret@two',
  RABBITMQ_WEB_STOMP_URL: endpoints,
});
const directory = mkdtempSync(join(tmpdir(), 'relay-config-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function refused(env: Record<string, string>): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

const settings = protocolTable(/\| variable \| default \| meaning \|/).map(([names = '', preset = '']) => ({
  names: [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name ?? ''),
  preset,
}));
const defaults = readConfig(KEY).env;

describe('PROTOCOL.md', () => {
  it('names exactly the variables that are read', () => {
    // From the source: a variable without a default leaves no trace in what is read when it is not set.
    const source = readFileSync(new URL('../src/config.ts', import.meta.url), 'utf8');
    const read = [...source.matchAll(/^ {2}(R[A-Z_]+): /gm)].map(([, name]) => name ?? '');
    expect(read).toEqual(expect.arrayContaining(Object.keys(defaults)));
    expect(settings.flatMap(({ names }) => names).sort()).toEqual(read.sort());
  });

  it.each(settings.filter(({ preset }) => /^[\w/.:@-]+$/.test(preset) && preset !== 'any'))(
    'tells the default of $names',
    ({ names: [name = ''], preset }) => {
      const value = defaults[name as keyof typeof defaults];
      const said = value === undefined ? ['random', 'none'] : [String(value === false ? 0 : value)];
      expect(said).toContain(preset);
    },
  );
});

describe('a wrong value', () => {
  it.each([
    ['RELAY_PORT', '65536'],
    ['RELAY_PORT', '-1'],
    ['RELAY_PORT', '80a'],
    ['RELAY_PORT', '8080.5'],
    ['RELAY_WS_PATH', 'ws'],
    ['RELAY_WS_PATH', '/ws?x'],
    ['RELAY_DEMO', 'maybe'],
    ['RELAY_LOG_LEVEL', 'loud'],
    ['RELAY_NODE_ID', 'a.b'],
    ['RELAY_NODE_ID', 'x'.repeat(65)],
    ['RABBITMQ_URL', 'http://127.0.0.1'],
    ['RABBITMQ_URL', 'nonsense'],
    ['RABBITMQ_URL', 'amqp://relay:100%@127.0.0.1'],
    ['RABBITMQ_WEB_STOMP_URL', 'http://127.0.0.1'],
    ['RABBITMQ_WEB_STOMP_URL', 'ws://relay:100%@127.0.0.1/ws'],
    ['RABBITMQ_MANAGEMENT_URL', 'ws://127.0.0.1'],
    ['RELAY_JWKS_URL', 'ftp://127.0.0.1'],
    ['RELAY_JWT_REQUIRE_EXP', '2'],
    ['RELAY_MAILBOX_TYPE', 'stream'],
    ['RELAY_MAILBOX_LENGTH', '0'],
    ['RELAY_LEASE_TIME', '1200001'],
    ['RELAY_MAX_LEASES', '1901'],
    ['RELAY_INTAKE_PREFETCH', '65536'],
    ['RELAY_JWT_PUBLIC_KEY', '/no/such/file.pem'],
  ])('of %s (%s) is an error that names it', (name, value) => {
    const keyless = name === 'RELAY_JWT_PUBLIC_KEY';
    const { message } = refused({ ...(keyless ? {} : KEY), [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain('100%');
  });

  const numbers = Object.entries(defaults).filter(([, value]) => typeof value === 'number');
  it.each(numbers.map(([name]) => name))('of %s is an error that names it and the range', (name) => {
    for (const value of ['-1', '1e3', '99999999999999999999', 'many', ' ']) {
      expect(refused({ ...KEY, [name]: value }).problems).toEqual([
        expect.stringMatching(new RegExp(`^${name} takes a whole number from \\d+ to \\d+(, or auto)?$`)),
      ]);
    }
  });

  it('of RELAY_WORKERS is none when it asks for one worker for each core', () => {
    expect(readConfig({ ...KEY, RELAY_WORKERS: 'auto' }).env.RELAY_WORKERS).toBe(
      Math.min(availableParallelism(), 64),
    );
    expect(refused({ ...KEY, RELAY_WORKERS: '65' }).problems).toHaveLength(1);
  });

  it('does not hide another', () => {
    const { message } = refused({ ...KEY, RELAY_PORT: 'x', RELAY_DEMO: 'x', RABBITMQ_URL: 'x' });
    for (const name of ['RELAY_PORT', 'RELAY_DEMO', 'RABBITMQ_URL']) expect(message).toContain(name);
  });
});

describe('variables that belong together', () => {
  it.each([
    [{}],
    [{ ...KEY, RELAY_JWKS_URL: 'https://idp.example/jwks' }],
    [{ ...KEY, RELAY_JWT_PUBLIC_KEY: '{}' }],
  ])('exactly one key: %j', (env) => {
    const { message } = refused(env);
    expect(message).toMatch(/RELAY_JWT_SECRET.*RELAY_JWT_PUBLIC_KEY.*RELAY_JWKS_URL/);
    expect(message).not.toContain(KEY.RELAY_JWT_SECRET);
  });

  it('the demo needs the secret that it signs with', () => {
    const { message } = refused({ RELAY_JWKS_URL: 'https://idp.example/jwks', RELAY_DEMO: '1' });
    expect(message).toContain('RELAY_DEMO');
  });

  it.each([
    ['RABBITMQ_CLIENT_USERNAME', 'RABBITMQ_CLIENT_PASSWORD'],
    ['RABBITMQ_CERT', 'RABBITMQ_KEY'],
    ['RELAY_TLS_CERT', 'RELAY_TLS_KEY'],
  ])('%s and %s', (one, other) => {
    for (const name of [one, other]) {
      expect(refused({ ...KEY, [name]: 'x' }).problems).toContain(
        `${one} and ${other} go together: set both or neither`,
      );
    }
  });

  it.each([[{ RABBITMQ_CA: 'ca.pem' }], [{ RABBITMQ_CERT: 'cert.pem', RABBITMQ_KEY: 'key.pem' }]])(
    'files for TLS and a broker with TLS: %j',
    (env) => {
      expect(refused({ ...KEY, ...env }).message).toMatch(/RABBITMQ_CA.*amqps:/);
    },
  );
});

describe('the public key', () => {
  const pem = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----';

  it('is taken as text, also with \\n for line ends', () => {
    expect(readConfig({ RELAY_JWT_PUBLIC_KEY: pem }).publicKey).toBe(pem);
    expect(readConfig({ RELAY_JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') }).publicKey).toBe(pem);
  });

  it('is read from a file', () => {
    const file = join(directory, 'key.pem');
    writeFileSync(file, pem);
    expect(readConfig({ RELAY_JWT_PUBLIC_KEY: file }).publicKey).toBe(pem);
  });
});

describe('the broker', () => {
  it('is found on the own machine when nothing is said', () => {
    expect(readConfig(KEY).broker).toEqual({
      amqpUrls: ['amqp://guest:guest@127.0.0.1:5672'],
      webStompUrls: ['ws://127.0.0.1:15674/ws'],
      clustered: false,
      managementUrl: undefined,
      vhost: '/',
      login: 'guest',
      passcode: 'guest',
      clientLogin: 'guest',
      clientPasscode: 'guest',
      clientSeparated: false,
    });
  });

  it('has its Web-STOMP endpoint on the same host, with the same credentials', () => {
    const { broker } = readConfig({ ...KEY, RABBITMQ_URL: 'amqps://me:p%40ss%3A@mq.example:5671/my%2Fhost' });
    expect(broker).toMatchObject({ login: 'me', passcode: 'p@ss:', vhost: 'my/host' });
    expect(broker.webStompUrls).toEqual(['wss://mq.example:15673/ws']);
  });

  it('may be a cluster: several addresses, with their Web-STOMP endpoints beside them or named', () => {
    const RABBITMQ_URL = 'amqp://me:a,b@one:1/v, amqps://me:a,b@two:2/v';
    const derived = readConfig({ ...KEY, RABBITMQ_URL }).broker;
    expect(derived).toMatchObject({ login: 'me', passcode: 'a,b', vhost: 'v', clustered: true });
    expect(derived.amqpUrls).toEqual(['amqp://me:a,b@one:1/v', 'amqps://me:a,b@two:2/v']);
    expect(derived.webStompUrls).toEqual(['ws://one:15674/ws', 'wss://two:15673/ws']);
    const RABBITMQ_WEB_STOMP_URL = 'ws://x:y@one:3/ws,ws://x:y@two:4/ws';
    const named = readConfig({ ...KEY, RABBITMQ_URL, RABBITMQ_WEB_STOMP_URL }).broker;
    expect(named).toMatchObject({ login: 'x', passcode: 'y' });
    expect(named.webStompUrls).toEqual(['ws://one:3/ws', 'ws://two:4/ws']);
  });

  it.each([
    ['other users', 'RABBITMQ_URL', { RABBITMQ_URL: 'amqp://a:secret@one,amqp://b:secret@two' }],
    ['other passwords', 'RABBITMQ_URL', { RABBITMQ_URL: 'amqp://a:secret@one,amqp://a:secret2@two' }],
    ['other virtual hosts', 'RABBITMQ_URL', { RABBITMQ_URL: 'amqp://a:secret@one/v,amqp://a:secret@two/w' }],
    ['an address without a scheme', 'RABBITMQ_URL', { RABBITMQ_URL: 'amqp://a:secret@one,two' }],
    [
      'other users over Web-STOMP',
      'RABBITMQ_WEB_STOMP_URL',
      TWO('ws://a:secret@one/ws,ws://b:secret@two/ws'),
    ],
    ['fewer endpoints than brokers', 'RABBITMQ_WEB_STOMP_URL', TWO('ws://one:15674/ws')],
  ])('is no cluster with %s: %s says so', (_, name, env) => {
    const { message } = refused({ ...KEY, ...env });
    expect(message).toContain(`- ${name} `);
    expect(message).not.toContain('secret');
  });

  it.each([
    [{ RABBITMQ_URL: 'amqps://mq.example' }, true],
    [{ RABBITMQ_WEB_STOMP_URL: 'wss://mq.example/ws' }, true],
    [{}, false],
  ])('is spoken to over TLS, its certificate checked, when a URL says so: %j', (env, secure) => {
    expect(readConfig({ ...KEY, ...env }).broker.tls?.rejectUnauthorized).toBe(secure || undefined);
  });

  it('has files for TLS that must be there', () => {
    const { message } = refused({
      ...KEY,
      RABBITMQ_URL: 'amqps://mq.example',
      RABBITMQ_CA: '/no/such/ca.pem',
    });
    expect(message).toMatch(/RABBITMQ_CA cannot be read: .*\/no\/such\/ca\.pem/);
  });

  it('can have other credentials there, which never stay in the URL', () => {
    const { broker } = readConfig({
      ...KEY,
      RABBITMQ_URL: 'amqp://me:one@mq.example/',
      RABBITMQ_WEB_STOMP_URL: 'wss://you:two@stomp.example/ws',
      RABBITMQ_CLIENT_USERNAME: 'client',
      RABBITMQ_CLIENT_PASSWORD: 'three',
    });
    expect(broker).toMatchObject({
      webStompUrls: ['wss://stomp.example/ws'],
      vhost: '/',
      login: 'you',
      passcode: 'two',
      clientLogin: 'client',
      clientPasscode: 'three',
      clientSeparated: true,
    });
  });
});

it('takes an empty value for none', () => {
  expect(readConfig({ ...KEY, RELAY_PORT: '', RELAY_JWKS_URL: '' }).env.RELAY_PORT).toBe(8080);
});

it.each([
  ['1', true],
  ['on', true],
  ['yes', true],
  ['true', true],
  ['0', false],
  ['off', false],
  ['no', false],
  ['false', false],
])('reads the switch %s', (value, on) => {
  expect(readConfig({ ...KEY, RELAY_DEMO: value }).env.RELAY_DEMO).toBe(on);
});

it('cuts lists at commas and drops what is empty', () => {
  const { env } = readConfig({ ...KEY, RELAY_ALLOWED_ORIGINS: ' https://a.example , ,https://b.example,' });
  expect(env.RELAY_ALLOWED_ORIGINS).toEqual(['https://a.example', 'https://b.example']);
});
