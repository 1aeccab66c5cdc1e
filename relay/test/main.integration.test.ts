import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { broker } from './support/broker.js';
import { frame, RawClient } from './support/raw.js';
import { secretToken } from './support/tokens.js';
import { waitFor } from './support/wait.js';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const OTEL = fileURLToPath(new URL('support/otel.mjs', import.meta.url));
const SECRET = 'the-secret-of-this-process-and-of-no-other';

let child: ChildProcess;
afterEach(async () => {
  const gone = once(child, 'exit');
  if (child.kill('SIGKILL')) await gone;
});

it('makes spans where Node is told to load an SDK first, and logs more when it gets SIGUSR2', async () => {
  const { amqpUrl, webStompUrl } = broker();
  child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: `--import ${OTEL}`,
      ...{ RELAY_PORT: '0', RELAY_DEMO: '1', RELAY_JWT_SECRET: SECRET },
      ...{ RABBITMQ_URL: amqpUrl, RABBITMQ_WEB_STOMP_URL: webStompUrl },
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const has = (text: string) => waitFor(() => output.includes(text), { what: () => `${text} in ${output}` });
  const [message] = (await once(child, 'message')) as [{ type: string; url: string }];
  expect(message.type).toBe('ready');

  child.kill('SIGUSR2');
  await has('"from":"info","to":"debug"');
  const authorization = `Bearer ${await secretToken(SECRET, { sub: 'alice' })}`;
  const client = await RawClient.open(`${message.url.replace('http', 'ws')}/ws`, {
    socket: { headers: { authorization } },
  });
  await client.connect();
  client.socket.send(frame('SEND', { destination: '/user/bob/topic/x', receipt: 'one' }, 'hi'));
  await has('span: relay send');
  expect((await fetch(`${message.url}/healthz`)).status).toBe(200);
  await has('"route":"/healthz"');
  client.destroy();
});
