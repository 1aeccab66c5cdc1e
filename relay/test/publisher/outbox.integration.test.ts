import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPublisher, type PublishError, type PublisherOptions } from '../../publisher/index.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const world = new World();
const folder = mkdtempSync(join(tmpdir(), 'relay-test-outbox-'));
let relay: TestRelay;

beforeAll(async () => {
  relay = await world.relay();
});
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = () => join(folder, unique('outbox'));

function open(path: string, url = broker().amqpUrl, options: Partial<PublisherOptions> = {}) {
  return openPublisher({ url, outbox: { path }, retry: { first: 20, most: 100 }, ...options });
}

/** The way to a broker that cannot be reached until `restore`. */
async function unreachable(): Promise<CuttingProxy> {
  const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
  proxy.fail();
  return proxy;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: PublishError) => error.code,
  );
}

describe('an outbox', () => {
  test('accepts without a broker, and the next publisher sends it first, in order, with the same ids', async () => {
    const path = file();
    const proxy = await unreachable();
    const user = unique('nora');
    const before = await open(path, proxy.url);
    const receipts = await Promise.all(
      numbered(300).map((body) => before.toUser(user, '/topic/reply', body, { headers: { body } })),
    );
    await before.toTopic('/topic/news', 'to a topic');
    await before.close({ timeout: 0 });
    expect(proxy.passed).toBe(0);
    // Nobody else's business.
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    await client.subscribed('news', '/topic/news');
    const after = await open(path);
    await after.toUser(user, '/topic/reply', 'new');
    await after.drained();
    expect(after.buffered).toEqual({ messages: 0, bytes: 0 });
    await client.message('new');
    await client.message('to a topic');
    const mail = client.messages().filter(({ headers }) => headers.subscription === 'mail');
    expect(mail.map(({ body }) => body.toString())).toEqual([...numbered(300), 'new']);
    expect(mail.slice(0, 300).map(({ headers }) => headers['amqp-message-id'])).toEqual(
      receipts.map(({ messageId }) => messageId),
    );
    expect(mail[7]?.headers.body).toBe('7');
    await after.close();

    // Confirmed, so it is not sent again.
    const third = await open(path);
    expect(third.buffered.messages).toBe(0);
    await third.close();
  });

  test('holds more than the memory may, and sends all of it in order', async () => {
    const user = unique('many');
    const proxy = await unreachable();
    const publisher = await open(file(), proxy.url, { maxBuffered: { messages: 100 } });
    const send = (body: string, until: 'accepted' | 'confirmed') =>
      publisher.toUser(user, '/topic/reply', body, { until });
    const later: Promise<unknown>[] = [];
    // Others come in all the time, while there is room in memory and more on disk.
    const confirmed = numbered(170).map(async (_, index) => {
      await send(String(index * 10), 'confirmed');
      later.push(send(`later-${later.length}`, 'accepted'));
    });
    const accepted = numbered(1700).filter((body) => !body.endsWith('0'));
    await Promise.all(accepted.map((body) => send(body, 'accepted')));
    expect(publisher.buffered.messages).toBe(1700);
    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    proxy.restore();
    await Promise.all(confirmed);
    await Promise.all(later);
    await publisher.drained();
    await client.message('later-169');
    const tens = numbered(170).map((body) => String(Number(body) * 10));
    expect([...new Set(client.bodies())]).toEqual([...tens, ...accepted, ...numbered(170, 'later-')]);
    await publisher.close();
  });

  test('resolves with the confirm where that is asked for', async () => {
    const proxy = await unreachable();
    const publisher = await world.keep(open(file(), proxy.url));
    const user = unique('conny');
    let confirmed = false;
    const call = publisher.toUser(user, '/topic/reply', 'confirmed', { until: 'confirmed' }).then(() => {
      confirmed = true;
    });
    const impatient = publisher.toUser(user, '/topic/reply', 'kept', { until: 'confirmed', timeout: 50 });
    // It gave up waiting, and the message goes out all the same.
    await expect(impatient).rejects.toMatchObject({ code: 'ERR_TIMEOUT', mayHaveArrived: true });
    await publisher.toUser(user, '/topic/reply', 'accepted');
    expect(confirmed).toBe(false);
    proxy.restore();
    await call;
    await publisher.drained();
    const mail = await UnreadClient.of(relay, user);
    await mail.waiting(3);
    expect(await mail.readAll()).toEqual(['confirmed', 'kept', 'accepted']);

    const without = await world.keep(openPublisher({ url: broker().amqpUrl }));
    expect(await codeOf(without.toUser(user, '/topic/reply', 'x', { until: 'accepted' }))).toBe(
      'ERR_OPTIONS',
    );
  });

  test('is bounded', async () => {
    const proxy = await unreachable();
    const path = file();
    const bounds = { outbox: { path, messages: 5 }, whenFull: 'reject' } as const;
    const publisher = await open(path, proxy.url, bounds);
    const send = () => publisher.toUser('bea', '/topic/reply', 'x');
    await Promise.all(numbered(5).map(send));
    expect(await codeOf(send())).toBe('ERR_BUFFER_FULL');
    await publisher.close({ timeout: 0 });
    // What was there counts again.
    const again = await open(path, proxy.url, bounds);
    expect(again.buffered).toEqual({ messages: 5, bytes: 5 });
    expect(await codeOf(again.toUser('bea', '/topic/reply', 'x'))).toBe('ERR_BUFFER_FULL');
    proxy.restore();
    await again.drained();
    await again.toUser('bea', '/topic/reply', 'x');
    await again.close();
  });

  test('is of one publisher, and of no other kind of file', async () => {
    const path = file();
    const publisher = await open(path);
    expect(await codeOf(open(path))).toBe('ERR_OUTBOX_IN_USE');
    // The first one is none the worse for it.
    await publisher.toUser(unique('one'), '/topic/reply', 'x');
    await publisher.close();
    await (await open(path)).close();

    const text = file();
    writeFileSync(text, 'this is a text, and longer than the header of a database '.repeat(10));
    expect(await codeOf(open(text))).toBe('ERR_OUTBOX');
    expect(await codeOf(open(join(folder, 'no', 'such', 'folder')))).toBe('ERR_OUTBOX');
  });

  test('keeps what the broker refuses, says so, and tries again when it is opened', async () => {
    const { amqpUrl, clientUsername, clientPassword } = broker();
    const url = new URL(amqpUrl);
    url.username = clientUsername;
    url.password = clientPassword;
    const path = file();
    const refused: string[] = [];
    const publisher = await open(path, url.href, {
      onRefused: ({ code }, messageId) => refused.push(`${code} ${messageId}`),
    });
    const user = unique('rex');
    await publisher.toUser(user, '/topic/reply', 'mail', { messageId: 'm-1' });
    expect(await codeOf(publisher.toUser(user, '/topic/reply', 'x', { until: 'confirmed' }))).toBe(
      'ERR_REFUSED',
    );
    await publisher.toTopic('/topic/news', 'is allowed', { until: 'confirmed' });
    expect(refused).toEqual(['ERR_REFUSED m-1']);
    await publisher.drained();
    expect(publisher.buffered.messages).toBe(2);
    await publisher.close();
    const allowed = await open(path);
    await allowed.drained();
    await (await UnreadClient.of(relay, user)).waiting(2);
    await allowed.close();
  });

  test('lets go of what has expired meanwhile', async () => {
    const path = file();
    const proxy = await unreachable();
    const user = unique('exa');
    const before = await open(path, proxy.url);
    await before.toUser(user, '/topic/reply', 'over', { expiration: 1 });
    await before.toUser(user, '/topic/reply', 'fresh', { expiration: 600_000 });
    await before.close({ timeout: 0 });
    const since = Date.now();
    await waitFor(() => Date.now() - since > 20, { what: 'some time to pass' });
    const after = await open(path);
    await after.drained();
    const mail = await UnreadClient.of(relay, user);
    await mail.waiting(1);
    expect(await mail.readAll()).toEqual(['fresh']);
    await after.close();
  });
});

test('G11: kill -9 of the service, several times, loses nothing that its outbox has accepted', async () => {
  const path = file();
  const user = unique('kim');
  const accepted: number[] = [];
  const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
  for (const round of [0, 1, 2, 3, 4]) {
    // Mostly the broker is away, so that what is accepted is on that disk alone.
    if (round % 3 === 0) proxy.restore();
    else proxy.fail();
    const before = accepted.length;
    const child = accepting(proxy.url, path, user, round * 1_000_000, (number) => accepted.push(number));
    await waitFor(() => accepted.length > before + 800 || child.exitCode !== null, {
      what: 'the service to accept messages',
      timeout: 40_000,
    });
    expect(child.exitCode).toBeNull();
    await killed(child);
  }
  expect(accepted.length).toBeGreaterThan(4000);

  const last = await open(path);
  await last.drained();
  await last.close();
  const mail = await UnreadClient.of(relay, user);
  const read = new Set<string>();
  await waitFor(
    async () => {
      for (const body of await mail.readAll()) read.add(body);
      return accepted.every((number) => read.has(String(number)));
    },
    { what: () => `all that was accepted; ${accepted.filter((one) => !read.has(String(one)))} are missing` },
  );
}, 180_000);

function accepting(
  url: string,
  path: string,
  user: string,
  first: number,
  onAccepted: (number: number) => void,
): ChildProcess {
  const program = fileURLToPath(new URL('./accepting.ts', import.meta.url));
  const args = ['--import', 'tsx', program, url, path, user, String(first)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => onAccepted(Number(line)));
  return child;
}

/** Resolves when it is gone and everything that it has printed was read. */
async function killed(child: ChildProcess): Promise<void> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGKILL');
  await closed;
}
