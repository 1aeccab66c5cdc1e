import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../support/amqp.js';
import { type TestRelay, unique } from '../../support/relay.js';
import { keepSecret } from '../../support/run-log.js';
import { SOCKJS_TRANSPORTS } from '../../support/sockjs-socket.js';
import { HttpWire } from '../../support/sockjs-wire.js';
import { StompClient } from '../../support/stomp.js';
import { secretToken } from '../../support/tokens.js';
import { metric } from '../../support/unread.js';
import { waitFor } from '../../support/wait.js';
import { World } from '../../support/world.js';

const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find(existsSync);

const SECRET = keepSecret(randomBytes(32).toString('hex'));

const world = new World();
let relays: TestRelay[];
let service: Service;
let nginx: ChildProcess;
let directory: string;
let url: string;

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** deploy/nginx.conf, word for word but for where things are on this machine. */
function configuration(port: number, upstreams: readonly string[]): string {
  const shipped = readFileSync(new URL('../../../../deploy/nginx.conf', import.meta.url), 'utf8');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join(' ');
  return shipped
    .replaceAll('relay-1:8080', upstreams[0] ?? '')
    .replaceAll('relay-2:8080', upstreams[1] ?? '')
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('include /etc/nginx/mime.types;', temporary)
    .replace('error_log /dev/stderr warn;', `error_log ${directory}/error.log warn;`)
    .replace('worker_rlimit_nofile 65536;', '')
    .replace('worker_connections 32768;', 'worker_connections 256;')
    .replace('worker_processes auto;', `worker_processes 1; daemon off; pid ${directory}/pid;`);
}

describe.skipIf(NGINX === undefined)('the nginx configuration that is shipped', () => {
  beforeAll(async () => {
    service = await world.service();
    const env = { RELAY_TRUSTED_PROXIES: 'loopback', RELAY_JWT_SECRET: SECRET };
    relays = await Promise.all([1, 2].map(() => world.relay(env)));
    directory = mkdtempSync(join(tmpdir(), 'relay-nginx-'));
    const port = await freePort();
    const file = join(directory, 'nginx.conf');
    writeFileSync(
      file,
      configuration(
        port,
        relays.map((relay) => new URL(relay.url).host),
      ),
    );
    nginx = spawn(NGINX ?? '', ['-p', directory, '-e', join(directory, 'error.log'), '-c', file], {
      stdio: 'ignore',
    });
    url = `http://127.0.0.1:${port}`;
    await waitFor(
      () =>
        fetch(`${url}/healthz`).then(
          (answer) => answer.ok,
          () => false,
        ),
      {
        what: () => `nginx: ${readFileSync(join(directory, 'error.log'), 'utf8')}`,
      },
    );
  });
  afterAll(async () => {
    await world.close();
    if (nginx?.exitCode === null) {
      nginx.kill('SIGTERM');
      await once(nginx, 'exit');
    }
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  it.each(SOCKJS_TRANSPORTS)(
    'keeps all requests of a session together and unbuffered: %s',
    async (sockjs) => {
      for (let i = 0; i < 4; i++) {
        const user = unique('alice');
        const client = await StompClient.open({
          url: `${url}/sockjs`,
          sockjs,
          connectHeaders: { Authorization: await secretToken(SECRET, { sub: user }) },
        });
        await client.subscribed('/user/topic/reply', { id: 's' });
        for (let n = 0; n < 5; n++) {
          await service.toUser(user, 'topic.reply', String(n));
          expect((await client.message(n)).body.toString()).toBe(String(n));
        }
        client.drop();
      }
    },
  );

  it('spreads sessions over the relays', async () => {
    const wires = Array.from({ length: 24 }, () => new HttpWire(`${url}/sockjs`, 'xhr-polling'));
    await waitFor(() => wires.every(({ readyState }) => readyState === 1), { what: 'all to be open' });
    const counts = await Promise.all(relays.map((relay) => metric(relay, 'relay_sessions')));
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBeGreaterThan(0);
    for (const wire of wires) wire.close();
  });
});
