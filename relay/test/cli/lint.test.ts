import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { file, removeFiles, run, spawnRelay } from './run.js';

afterAll(removeFiles);

const clean = file('clean.yaml', 'version: 1\nrules:\n  - send: /app/#\n');
const doubtful = file('doubtful.yaml', 'version: 1\nrules:\n  - subscribe: /topic/#\n');
const wrong = file('wrong.yaml', 'version: 1\nrules:\n  - sned: /app/#\n  - send: /topic\n');

it('says nothing of a clean file', async () => {
  expect(await run('lint', [clean])).toEqual({ code: 0, out: '', err: '' });
  expect(await run('lint', ['--strict', clean])).toEqual({ code: 0, out: '', err: '' });
});

it('warns of what is likely not meant, and fails for it when it is to be strict', async () => {
  const ran = await run('lint', [doubtful]);
  expect(ran).toEqual({
    code: 0,
    err: '',
    out: expect.stringMatching(/^.*doubtful\.yaml:3:16: warning: ".*\n$/),
  });
  expect(await run('lint', ['--strict', doubtful])).toEqual({ ...ran, code: 1 });
});

it('tells every error of a file that cannot be used', async () => {
  const ran = await run('lint', [wrong]);
  expect(ran.code).toBe(1);
  expect(ran.out.split('\n').map((line) => line.replace(wrong, '').slice(0, 13))).toEqual([
    ':3:5: error: ',
    ':3:5: error: ',
    ':4:11: error:',
    '',
  ]);
});

it('reads the file and the claims of the settings', async () => {
  expect((await run('lint', [], { env: { RELAY_ACCESS_FILE: doubtful } })).out).toContain('doubtful.yaml:3');
  const tenants = file(
    'tenants.yaml',
    'version: 1\nrules:\n  - subscribe: ["/topic/t.{org}.#", "/topic/t.*.x"]\n',
  );
  expect((await run('lint', [tenants])).out).toBe('');
  expect((await run('lint', [tenants], { env: { RELAY_TENANT_CLAIM: 'org' } })).out).toContain('keeps apart');
});

it.each([
  [[], /no file/],
  [['/no/such/file'], /cannot be read/],
  [[clean, doubtful], /give one file/],
  [['--fix', clean], /not known; known are --strict/],
])('%j is told what is wrong', async (args, message) => {
  const ran = await run('lint', args);
  expect([ran.code, ran.out]).toEqual([2, '']);
  expect(ran.err).toMatch(message);
});

it('is a command of the program, and takes the shipped example', async () => {
  const example = fileURLToPath(new URL('../../access.example.yaml', import.meta.url));
  const [ran, help] = await Promise.all([spawnRelay(['lint', example]), spawnRelay(['lint', '--help'])]);
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(ran.out).not.toContain('error');
  expect([help.code, help.out]).toEqual([0, expect.stringContaining('--strict')]);
}, 60_000);
