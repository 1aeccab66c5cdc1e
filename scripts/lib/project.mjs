import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './children.mjs';

/** The folder of the clone. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * A program of one of our packages.
 * @param {string} name
 */
export function tool(name) {
  return join(root, 'node_modules', '.bin', name);
}

/** Installs the packages when they are missing or older than the lock file. */
export async function install() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return 'up to date';
  const npm = process.env.npm_execpath;
  const [file, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  // The build needs the development packages even where NODE_ENV says production.
  await run(file, [...args, 'ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: root });
  return 'installed';
}

const inputs = [
  'relay/src',
  'relay/client',
  'relay/envelope',
  'relay/playwright',
  'relay/publisher',
  'demo',
  'rabbitmq',
  'bench',
  'torture',
  'fuzz',
  'relay/test/support',
  'web',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.package.json',
];

/** Compiles the TypeScript and bundles the page into dist/, unless dist/ was built from exactly these files. */
export async function build() {
  const stamp = join(root, 'dist', '.built-from');
  const before = fingerprint();
  const complete =
    existsSync(join(root, 'dist/relay/src/main.js')) && existsSync(join(root, 'dist/web/index.html'));
  if (complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === before) return 'up to date';
  await run(tool('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root });
  await run(tool('tsc'), ['-p', 'tsconfig.package.json'], { cwd: root });
  await run(tool('vite'), ['build', 'web'], { cwd: root });
  writeFileSync(stamp, before);
  return 'built';
}

/** Changes with the name, size or time of any file that the build reads. */
function fingerprint() {
  const hash = createHash('sha256').update(root);
  for (const input of inputs) addTo(hash, join(root, input));
  return hash.digest('hex');
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path
 */
function addTo(hash, path) {
  if (!existsSync(path)) return;
  const stat = statSync(path);
  if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort()) addTo(hash, join(path, name));
  } else {
    hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  }
}
