import { afterAll, describe, expect, it } from 'vitest';
import { inSeconds, secretToken, unsignedToken } from '../support/tokens.js';
import { file, removeFiles, run, spawnRelay } from './run.js';

afterAll(removeFiles);

const secret = 'a-secret-that-is-long-enough-for-HS256!';
const access = file(
  'access.yaml',
  `version: 1
rules:
  - name: news
    subscribe: /topic/news.#
    headers: {x-expires: {max: 60}}
    slow: {drop-oldest: 50}
  - roles: admin
    send: /topic/#
  - deny: true
    subscribe: /topic/news.secret
`,
);
const env = { RELAY_JWT_SECRET: secret, RELAY_ACCESS_FILE: access };
const alice = ['--claims', '{"sub":"alice"}'];

describe('explain', () => {
  it('says that it is allowed, why, and where it leads', async () => {
    const ran = await run('explain', [...alice, '--access', access, 'subscribe', '/topic/news.sport']);
    expect(ran).toEqual({
      code: 0,
      err: '',
      out: `allowed: alice, subscribe "/topic/news.sport"
  why      The access file allows it in line 3.
  rule     ${access}:3 (news)
  broker   exchange amq.topic, routing key "news.sport"
  headers  x-expires: 0 to 60
  slow     drop-oldest: 50
`,
    });
  });

  it.each([
    ['subscribe', '/topic/news.secret', 'The access file denies it in line 9.'],
    ['subscribe', '/topic/other', 'No rule of the access file lets this user subscribe to /topic/other.'],
    ['send', '/topic/..', 'has an empty word'],
    ['send', '/queue/relay.x', 'is reserved'],
    ['send', '/topic/\u001b[2Jx', '\\u001b'],
  ])('says that it is denied: %s %s', async (action, destination, why) => {
    const ran = await run('explain', [...alice, action, destination], { env });
    expect([ran.code, ran.err]).toEqual([1, '']);
    expect(ran.out).toMatch(/^denied: alice, /);
    expect(ran.out).toContain(why);
    expect(ran.out).not.toContain('\u001b');
  });

  it('answers as JSON', async () => {
    const ran = await run('explain', [...alice, '--json', 'subscribe', '/topic/news'], { env });
    expect(JSON.parse(ran.out)).toMatchObject({
      user: 'alice',
      file: access,
      allowed: true,
      rule: { line: 3, name: 'news' },
      broker: { exchange: 'amq.topic', routingKey: 'news' },
    });
  });

  it.each([
    ['--token', (token: string) => ({ args: ['--token', token] })],
    ['standard input', (token: string) => ({ args: ['--token', '-'], input: `${token}\n` })],
    ['RELAY_TOKEN', (token: string) => ({ args: [], env: { RELAY_TOKEN: token } })],
    ['a whole header', (token: string) => ({ args: ['--token', `Bearer ${token}`] })],
  ])('takes the token from %s', async (_from, giving) => {
    const given: { args: string[]; input?: string; env?: Record<string, string> } = giving(
      await secretToken(secret, { sub: 'carol', roles: ['admin'] }),
    );
    const ran = await run('explain', [...given.args, 'send', '/topic/x'], {
      ...given,
      env: { ...env, ...given.env },
    });
    expect([ran.code, ran.out.split('\n')[0]]).toEqual([0, 'allowed: carol, send "/topic/x"']);
  });

  it('reads the settings as the relay does', async () => {
    const claims = ['--claims', '{"name":"carol","realm":{"roles":["admin"],"grants":{"send":"/topic/a"}}}'];
    const settings = {
      ...env,
      RELAY_USER_CLAIM: 'name',
      RELAY_ROLES_CLAIM: 'realm.roles',
      RELAY_GRANTS_CLAIM: 'realm.grants',
    };
    const ask = (destination: string) => run('explain', [...claims, 'send', destination], { env: settings });
    expect((await ask('/topic/a')).code).toBe(0);
    expect(await ask('/topic/b')).toMatchObject({ code: 1, out: expect.stringContaining('realm.grants') });
    expect((await run('explain', [...claims, 'send', '/topic/a'], { env })).code).toBe(2);
  });

  it('tells a dry run apart', async () => {
    const ran = await run('explain', [...alice, 'send', '/app/x'], {
      env: { ...env, RELAY_ACCESS_DRY_RUN: '1' },
    });
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('Only the dry run lets it through') });
  });

  it('uses the demo’s rules in demo mode, and none without a file', async () => {
    const question = [...alice, 'send', '/user/bob/topic/x'];
    expect(
      (await run('explain', question, { env: { RELAY_JWT_SECRET: secret, RELAY_DEMO: '1' } })).code,
    ).toBe(0);
    expect((await run('explain', question)).code).toBe(1);
    expect((await run('explain', [...alice, 'subscribe', '/user/topic/x'])).code).toBe(0);
  });
});

describe('a token that is refused', () => {
  it.each([
    ['expired', () => secretToken(secret, { sub: 'a', exp: inSeconds(-60) }), 1, 'has expired'],
    ['signed by another', () => secretToken(`another-${secret}`, { sub: 'a' }), 1, 'signature does not fit'],
    ['not signed', async () => unsignedToken({ sub: 'a' }), 1, 'algorithm'],
    ['with grants that cannot be read', () => secretToken(secret, { sub: 'a', g: 7 }), 1, 'grants'],
    ['no token', async () => 'guest', 2, 'not a signed JWT'],
  ])('%s', async (_name, make, code, message) => {
    const token = await make();
    const ran = await run('explain', ['--token', token, 'subscribe', '/user/topic/x'], {
      env: { ...env, RELAY_GRANTS_CLAIM: 'g' },
    });
    expect([ran.code, ran.out + ran.err]).toEqual([code, expect.stringContaining(message)]);
    if (token.length > 10) expect(ran.out + ran.err).not.toContain(token.slice(0, 20));
  });
});

describe('a wrong command line', () => {
  it('never shows a token that stands in the wrong place', async () => {
    const token = await secretToken(secret, { sub: 'alice' });
    for (const args of [
      [token, 'subscribe', '/topic/x'],
      ['subscribe', token],
      [`--${token}`, 'subscribe', '/topic/x'],
      [`--tokn=${token}`, 'subscribe', '/topic/x'],
      ['--json', token],
      [`--json=${token}`, 'subscribe', '/topic/x'],
      [`-t${token}`, 'subscribe', '/topic/x'],
      ['--claims', token, 'subscribe', '/topic/x'],
      ['--token', token, '--claims', '{}', 'subscribe', '/topic/x'],
    ]) {
      const ran = await run('explain', args, { env });
      expect([args[0]?.slice(0, 8), ran.code, ran.out]).toEqual([args[0]?.slice(0, 8), 2, '']);
      expect(ran.err).not.toContain(token.slice(0, 20));
    }
  });

  it.each([
    [['subscribe', '/topic/x'], /no token/],
    [['--token', '-', 'subscribe', '/topic/x'], /no token/],
    [[...alice, 'read', '/topic/x'], /say what and where/],
    [[...alice, 'subscribe'], /say what and where/],
    [[...alice, 'subscribe', '/a', '/b'], /say what and where/],
    [['--claims', '[]', 'subscribe', '/a'], /takes a JSON object/],
    [['--claims', '{}', 'subscribe', '/a'], /claim "sub" is missing/],
    [['--access'], /takes a value/],
    [['--verbose'], /not known; known are --token/],
    [[...alice, '--access', '/no/such/file', 'subscribe', '/a'], /RELAY_ACCESS_FILE cannot be read/],
    [[...alice, '--access', file('bad.yaml', 'version: 2\nrules: []'), 'subscribe', '/a'], /bad\.yaml:1:10/],
  ])('%j is told what is wrong', async (args, message) => {
    const ran = await run('explain', args, { env });
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(message);
  });

  it('is told which settings are missing', async () => {
    const ran = await run('explain', ['--token', 'x', 'subscribe', '/a']);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('RELAY_JWT_SECRET')]);
  });
});

it('is a command of the program', async () => {
  const token = await secretToken(secret, { sub: 'alice' });
  const [piped, help] = await Promise.all([
    spawnRelay(['explain', '--token', '-', 'subscribe', '/topic/other'], { env, input: token }),
    spawnRelay(['--help']),
  ]);
  expect([piped.code, piped.out.split('\n')[0]]).toEqual([1, 'denied: alice, subscribe "/topic/other"']);
  expect([help.code, help.out]).toEqual([
    0,
    expect.stringMatching(/stomp-relay explain .*\n.*stomp-relay lint /),
  ]);
}, 60_000);
