import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait.js';

interface Kind {
  readonly program: string | undefined;
  /** Below deploy/. */
  readonly file: string;
  args(directory: string, file: string): string[];
  /** What is other on this machine than in a container: where things are, how much there is of it, and who may do what. */
  adapt(text: string, port: number, directory: string): string;
}

const found = (name: string) =>
  [`/usr/sbin/${name}`, `/usr/local/sbin/${name}`, `/opt/homebrew/bin/${name}`].find(existsSync);

export const REVERSE_PROXIES = {
  nginx: {
    program: found('nginx'),
    file: 'nginx.conf',
    args: (directory, file) => ['-p', directory, '-e', 'stderr', '-c', file],
    adapt(text, port, directory) {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${directory}/${name};`)
        .join(' ');
      return text
        .replace('listen 8080;', `listen 127.0.0.1:${port};`)
        .replace('include /etc/nginx/mime.types;', temporary)
        .replace('worker_rlimit_nofile 65536;', '')
        .replace('worker_connections 32768;', 'worker_connections 256;')
        .replace('worker_processes auto;', `worker_processes 1; daemon off; pid ${directory}/pid;`);
    },
  },
  HAProxy: {
    program: found('haproxy'),
    file: 'haproxy.cfg',
    args: (_directory, file) => ['-db', '-f', file],
    adapt: (text, port) =>
      text.replace('bind :8080', `bind 127.0.0.1:${port}`).replace('maxconn 60000', 'maxconn 256'),
  },
} as const satisfies Record<string, Kind>;

export type ReverseProxyName = keyof typeof REVERSE_PROXIES;

export interface ReverseProxy {
  readonly url: string;
  /** All that it has logged. */
  said(): string;
  close(): Promise<void>;
}

/** Runs the file of deploy/, word for word but for what `adapt` says, in front of two relays (`host:port`). */
export async function openReverseProxy(
  name: ReverseProxyName,
  relays: readonly [string, string],
): Promise<ReverseProxy> {
  const { program, file, args, adapt }: Kind = REVERSE_PROXIES[name];
  if (program === undefined) throw new Error(`${name} is not installed`);
  const directory = mkdtempSync(join(tmpdir(), 'relay-proxy-'));
  const port = await freePort();
  const shipped = readFileSync(new URL(`../../../deploy/${file}`, import.meta.url), 'utf8');
  const own = join(directory, file);
  const [first, second] = relays;
  const placed = shipped.replaceAll('relay-1:8080', first).replaceAll('relay-2:8080', second);
  writeFileSync(own, adapt(placed, port, directory));
  const child = spawn(program, args(directory, own), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  }
  const close = async (): Promise<void> => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(`${url}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    );
  try {
    await waitFor(answers, { what: () => `${name}: ${said}` });
  } catch (error) {
    await close();
    throw error;
  }
  return { url, said: () => said, close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
