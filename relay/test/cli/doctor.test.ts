import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/doctor/report.js';
import { file, removeFiles, run } from './run.js';

afterAll(removeFiles);

/** Nobody listens there, and guest signs in. */
const NOBODY = {
  RABBITMQ_URL: 'amqp://guest:hidden@127.0.0.1:1',
  RABBITMQ_WEB_STOMP_URL: 'ws://127.0.0.1:1/ws',
};

describe('the command line', () => {
  it.each([
    [['here'], /options only/],
    [['--only', 'amqp,moon'], /--only takes some of amqp, web-stomp/],
    [['--timeout', 'soon'], /--timeout takes 1 to 600/],
    [['--relay', 'localhost:8080'], /--relay takes/],
    [['--relay', 'nonsense'], /--relay takes/],
    [['--fix'], /not known; known are --relay/],
  ])('%j is told what is wrong', async (args, message) => {
    const ran = await run('doctor', args, { env: NOBODY });
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(message);
  });

  it('names every check in its help', async () => {
    const { code, out } = await run('doctor', ['--help']);
    expect(code).toBe(0);
    for (const word of ['amqp', 'probe', 'relays', '--strict', 'docs/doctor.md']) expect(out).toContain(word);
  });
});

describe('without a broker', () => {
  it('finds that, as 1, and tells neither password nor what only follows from it', async () => {
    const { code, out, err } = await run('doctor', [], { env: NOBODY });
    expect([code, err]).toEqual([1, '']);
    expect(out.match(/^error .*$/gm)?.map((line) => line.split(/ +/)[1])).toEqual([
      'DOC_AMQP_UNREACHABLE',
      'DOC_WEB_STOMP_UNREACHABLE',
    ]);
    expect(out).toMatch(/^not checked: .*messages from end to end – there is no connection/m);
    expect(out).toMatch(/^not checked: .*policies .*RABBITMQ_MANAGEMENT_URL=/m);
    expect(out).not.toContain('hidden');
  });

  it('warnings are errors only when it is to be strict', async () => {
    const only = ['--json', '--only', 'client'];
    const ran = await run('doctor', only, { env: NOBODY });
    const { findings } = JSON.parse(ran.out) as Report;
    expect(findings.map(({ code, level }) => [code, level])).toEqual([['DOC_CLIENT_SHARED', 'warning']]);
    expect(ran.code).toBe(0);
    expect((await run('doctor', ['--strict', ...only], { env: NOBODY })).code).toBe(1);
  });
});

it('needs no key for tokens, and does not mind one that cannot be used', async () => {
  const env = { ...NOBODY, RELAY_JWT_PUBLIC_KEY: file('key.pem', 'none'), RELAY_DEMO: '1' };
  expect((await run('doctor', ['--only', 'version'], { env })).code).toBe(0);
});

it('complains of wrong settings as the relay does', async () => {
  const ran = await run('doctor', [], { env: { RABBITMQ_URL: 'rabbit' } });
  expect([ran.code, ran.out]).toEqual([2, '']);
  expect(ran.err).toContain('RABBITMQ_URL takes a URL');
});
