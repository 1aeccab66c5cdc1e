import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

// What SECURITY.md says is shown by a test, is: a test that is renamed or removed takes its row with it.

const root = new URL('../../', import.meta.url);
const document = readFileSync(new URL('relay/SECURITY.md', root), 'utf8');

/** The rows of all tables of attacks: their last cell names tests. */
const rows = document.split('\n').filter((line) => /^\| \*\*/.test(line));
const attackOf = (row: string) => /\*\*(.*?)\*\*/.exec(row)?.[1] ?? row;

function locate(file: string): URL {
  return new URL(file.startsWith('scripts/') ? file : `relay/test/${file}`, root);
}

it('names dozens of attacks, each once', () => {
  const attacks = rows.map(attackOf);
  expect(attacks.length).toBeGreaterThan(40);
  expect(new Set(attacks).size).toBe(attacks.length);
});

it.each(rows.map((row) => [attackOf(row), row] as const))(
  '%s: the tests that it names are there',
  (_, row) => {
    const cell = row.split(' | ').at(-1) ?? '';
    const named = [...cell.matchAll(/`([^`]+)`((?: “[^”]+”,?)+)/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, file = '', names = ''] of named) {
      const url = locate(file);
      expect(existsSync(url), file).toBe(true);
      const source = readFileSync(url, 'utf8');
      for (const [, name = ''] of names.matchAll(/“([^”]+)”/g)) {
        const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``, `'${name.replaceAll("'", "\\'")}'`];
        expect(
          quoted.some((text) => source.includes(text)),
          `${file}: ${name}`,
        ).toBe(true);
      }
    }
  },
);
