import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, read } from './project.js';

/** What the build of the image gets. */
const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
  sources.split(' '),
);
const folders = copied.filter((path) => !posix.basename(path).includes('.'));
const sent = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, pattern = '']) => pattern);

describe('the build of the image', () => {
  it('is sent what it copies, and nothing else', () => {
    const top = new Set(copied.map((path) => path.split('/', 1)[0] ?? ''));
    const patterns = sent.map(
      (pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '.*')}$`),
    );
    expect([...top].filter((path) => !patterns.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(sent.filter((_, index) => ![...top].some((path) => patterns[index]?.test(path)))).toEqual([]);
  });

  it.each(folders)('has all that %s imports', (folder) => {
    const sources = filesBelow(folder).filter((path) => /\.tsx?$/.test(path) && !path.includes('/test/'));
    expect(sources).not.toEqual([]);
    const missing = sources.flatMap((path) =>
      [...read(path).matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)]
        .map(([, to = '']) => posix.join(posix.dirname(path), to))
        .filter((to) => to.includes('/test/') || !isCopied(to))
        .map((to) => `${path} → ${to}`),
    );
    expect(missing).toEqual([]);
  });
});

function isCopied(path: string): boolean {
  const source = path.replace(/\.js$/, '.ts');
  return copied.includes(source) || folders.some((folder) => path.startsWith(`${folder}/`));
}
