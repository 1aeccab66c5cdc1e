import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { broker } from './support/broker.js';
import { type TestRelay, unique } from './support/relay.js';
import { waitFor } from './support/wait.js';
import { World } from './support/world.js';

// What examples/ and the README show does what they say, with users whose names need encoding. What a machine lacks is
// skipped: Python's modules, and Java with the libraries that EXAMPLES_CLASSPATH names ("mvn dependency:copy-dependencies").

const root = fileURLToPath(new URL('../../', import.meta.url));
const has = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const imports = (module: string) => has('python3', '-c', `import ${module}`);
const classpath = process.env.EXAMPLES_CLASSPATH;
const curl = has('curl', '--version') && has('jq', '--version');

let world: World;
let relay: TestRelay;

beforeAll(async () => {
  world = new World();
  relay = await world.relay();
});

afterAll(() => world?.close());

/** In the environment of its own that every example reads its addresses from. */
async function environment(): Promise<NodeJS.ProcessEnv> {
  const { amqpUrl, webStompUrl, managementUrl, vhost } = broker();
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // Java reads its arguments by it.
    LANG: 'C.UTF-8',
    AMQP_URL: amqpUrl,
    STOMP_URL: `${webStompUrl}?vhost=${encodeURIComponent(vhost)}`,
    MANAGEMENT_URL: managementUrl,
    VHOST: vhost,
    RELAY_URL: relay.url,
    TOKEN: await relay.token('shop'),
  };
}

const run = async (command: string, args: string[]) =>
  promisify(execFile)(command, args, { cwd: root, env: await environment(), timeout: 50_000 });

describe('an example that publishes reaches a user, live and unread', () => {
  const publishers: [string, string, string[], boolean][] = [
    ['node', 'node', ['examples/publish.mjs'], true],
    ['python, pika', 'python3', ['examples/publish.py'], imports('pika')],
    ['python, stomp.py', 'python3', ['examples/publish_stomp.py'], imports('stomp') && imports('websocket')],
    ['java', 'java', ['-cp', `${classpath}`, 'examples/Publish.java'], classpath !== undefined],
    ['java, Spring', 'java', ['-cp', `${classpath}`, 'examples/PublishSpring.java'], classpath !== undefined],
    ['curl, the relay', 'sh', ['examples/publish-http.sh'], curl],
    ['curl, RabbitMQ’s HTTP API', 'sh', ['examples/publish-management.sh'], curl],
  ];

  for (const [name, command, args, available] of publishers) {
    it.skipIf(!available)(name, async () => {
      const user = `${unique('zoë')}@b.example (1)`;
      const live = await relay.connected(user);
      await live.subscribed('u', '/user/topic/reply');
      await run(command, [...args, user, 'häl"lo']);
      await live.message('häl"lo');
      live.destroy();

      const other = unique("o'neil.*");
      await run(command, [...args, other, 'for later']);
      const late = await relay.connected(other);
      await late.subscribed('u', '/user/topic/reply', { unread: 'replay' });
      const { headers } = await late.message('for later');
      expect(headers).toMatchObject({ persistent: 'true', 'content-type': 'text/plain' });
    });
  }
});

describe('an example that answers', () => {
  let service: ChildProcess | undefined;
  afterEach(() => {
    service?.kill('SIGTERM');
  });

  it('finds whoever asked', async () => {
    service = spawn('node', ['examples/answer.mjs'], {
      cwd: root,
      env: await environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    service.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    await waitFor(() => output.includes('answers at'), { what: 'the service to be there', timeout: 30_000 });
    const user = unique('alice@example.com');
    const client = await relay.connected(user);
    await client.subscribed('u', '/user/topic/answers');
    client.send('SEND', {
      destination: '/app/time.now',
      'reply-to': '/user/topic/answers',
      'correlation-id': '7',
    });
    const { headers, body } = await client.frame(({ command }) => command === 'MESSAGE', 'the answer');
    expect(headers['correlation-id']).toBe('7');
    expect(body.toString()).toContain(user);
  });
});
