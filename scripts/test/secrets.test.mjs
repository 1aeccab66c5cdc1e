import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { secretToken } from '../../relay/test/support/tokens.ts';
import { findSecrets } from '../lib/secrets.mjs';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-secrets-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @param {string} name @param {string[]} lines */
const log = (name, ...lines) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);

it('finds tokens by their looks, wherever they stand', async () => {
  const token = await secretToken('a secret that is long enough for it', { sub: 'alice' });
  log('one.log', 'harmless', `{"msg":"GET /ws?access_token=${token}"}`, `bearer.${token}`);
  expect((await findSecrets([folder])).leaks).toEqual(['one.log:2: a token', 'one.log:3: a token']);
});

it('finds tickets in addresses, and not where they are masked', async () => {
  log(
    'one.log',
    '/socket/[redacted]',
    '/ws?ticket=[redacted]',
    '/socket/Zm9v.YmFyYmF6cXV4cXV1eA',
    '/ws?ticket=Zm9v',
  );
  expect((await findSecrets([folder])).leaks).toEqual(['one.log:3: a ticket', 'one.log:4: a ticket']);
});

it('finds what the list names, in any of the folders, and does not say it', async () => {
  log('secrets.txt', 'correct horse', 'short');
  log('broker.log', 'a short line', 'password: correct horse');
  const { leaks, lines, secrets } = await findSecrets([join(folder, 'missing'), folder]);
  expect(leaks).toEqual(['broker.log:2: secret 1 of secrets.txt']);
  expect({ lines, secrets }).toEqual({ lines: 2, secrets: 1 });
});
