import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const logger = new URL('../src/logger.ts', import.meta.url).href;

/** What a process of its own writes: pino writes to the file descriptor, past anything a test could put in between. */
async function logged(script: string): Promise<{ text: string; lines: Record<string, unknown>[] }> {
  const source = `import { createLogger } from ${JSON.stringify(logger)};\n${script}`;
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source]);
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { text: stdout, lines };
}

it('removes secrets by name, on the top and one level down', async () => {
  const names = ['token', 'passcode', 'password', 'secret', 'authorization', 'ticket'];
  const { text, lines } = await logged(`
    const log = createLogger('info');
    const secrets = Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, 'hush']));
    log.info({ ...secrets, kept: 'shown' }, 'one');
    log.info({ headers: { ...secrets, kept: 'shown' } }, 'two');
    log.child({ token: 'hush' }).info('three');
  `);
  expect(text).not.toContain('hush');
  const redacted = Object.fromEntries(names.map((name) => [name, '[redacted]']));
  expect(lines[0]).toMatchObject({ msg: 'one', ...redacted, kept: 'shown' });
  expect(lines[1]).toMatchObject({ msg: 'two', headers: { ...redacted, kept: 'shown' } });
  expect(lines[2]).toMatchObject({ msg: 'three', token: '[redacted]' });
});

it('writes what the level lets through, with the time and without the machine', async () => {
  const { lines } = await logged(`
    const log = createLogger('warn');
    log.info('too quiet');
    log.warn('loud enough');
  `);
  expect(lines).toEqual([{ level: 40, time: expect.stringMatching(/^\d{4}-.*Z$/), msg: 'loud enough' }]);
});
