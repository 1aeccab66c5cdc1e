import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let amqp: CuttingProxy;
let webStomp: CuttingProxy;
let service: Service;
let relay: TestRelay | undefined;

beforeEach(async () => {
  amqp = await CuttingProxy.open(broker().amqpUrl);
  webStomp = await CuttingProxy.open(broker().webStompUrl);
  service = await Service.open();
});
afterEach(async () => {
  await relay?.close();
  relay = undefined;
  await service.close();
  await amqp.close();
  await webStomp.close();
});

async function start(env: Record<string, string> = {}): Promise<TestRelay> {
  relay = await startRelay({ RABBITMQ_URL: amqp.url, RABBITMQ_WEB_STOMP_URL: webStomp.url, ...env });
  return relay;
}

const node = () => `relay.node.${relay?.node}`;

async function readiness(): Promise<{ status: number; down: string[] }> {
  const response = await fetch(`${relay?.url}/readyz`);
  const { parts } = (await response.json()) as { parts: Record<string, { up: boolean; error?: string }> };
  return { status: response.status, down: Object.keys(parts).filter((name) => !parts[name]?.up) };
}

async function whenReady(): Promise<void> {
  let down: string[] = [];
  await waitFor(
    async () => {
      const state = await readiness();
      down = state.down;
      return state.status === 200;
    },
    { what: () => `readiness; down: ${down}` },
  );
}

describe('readiness', () => {
  it('tells which part is down, and when it is back', async () => {
    await start();
    expect(await readiness()).toEqual({ status: 200, down: [] });
    amqp.fail();
    await waitFor(async () => (await readiness()).down.length === 3, { what: 'the loss' });
    expect(await readiness()).toEqual({ status: 503, down: ['amqp', 'users', 'unread'] });
    webStomp.fail();
    await waitFor(async () => (await readiness()).down.length === 6, { what: 'the loss of all' });
    expect((await readiness()).down).toEqual(['amqp', 'users', 'unread', 'topics', 'sends-1', 'sends-2']);
    amqp.restore();
    webStomp.restore();
    await whenReady();
  });

  it('has a relay say at start what is not there', async () => {
    webStomp.fail();
    await expect(start({ RELAY_START_TIMEOUT: '500' })).rejects.toThrow(
      /RABBITMQ_WEB_STOMP_URL[\s\S]*topics/,
    );
  });

  it('does not wait for a broker that refuses the login', async () => {
    const url = new URL(webStomp.url);
    url.password = 'wrong-password';
    const started = start({ RABBITMQ_WEB_STOMP_URL: url.href, RELAY_START_TIMEOUT: '60000' });
    const error = await started.then(
      () => new Error('it started'),
      (reason: Error) => reason,
    );
    expect(error.message).toContain('Bad CONNECT');
    expect(error.message).not.toContain('wrong-password');
  });
});

describe('users', () => {
  it('are served while Web-STOMP is away', async () => {
    const user = unique('carol');
    await start();
    const client = await relay?.connected(user);
    await client?.subscribed('s', '/user/topic/reply');
    webStomp.fail();
    await waitFor(async () => (await readiness()).status === 503, { what: 'the loss' });
    expect((await readiness()).down).toEqual(['topics', 'sends-1', 'sends-2']);
    await service.toUser(user, 'topic.reply', 'hello');
    await client?.message('hello');
  });

  it('get what is published to them after a cut of everything, without doing anything', async () => {
    const user = unique('carol');
    await start();
    const client = await relay?.connected(user);
    await client?.subscribed('s', '/user/topic/reply');
    amqp.cut();
    webStomp.cut();
    await waitFor(async () => (await readiness()).status === 503, { what: 'the loss' });
    await service.toUser(user, 'topic.reply', 'meanwhile');
    await whenReady();
    await service.toUser(user, 'topic.reply', 'after');
    await client?.message('after');
    expect(client?.bodies()).toEqual(['meanwhile', 'after']);
  });

  it('get what is published to them after the node queue was deleted under the relay', async () => {
    const user = unique('carol');
    await start();
    const client = await relay?.connected(user);
    await client?.subscribed('s', '/user/topic/reply');
    await service.channel.deleteQueue(node());
    await waitFor(
      async () => {
        await service.toUser(user, 'topic.reply', 'again');
        return client?.bodies().includes('again');
      },
      { what: 'a message through a new node queue', interval: 200 },
    );
  });
});

describe('leaving', () => {
  it('takes the bindings back and removes the empty node queue', async () => {
    const user = unique('carol');
    await start();
    const client = await relay?.connected(user);
    await client?.subscribed('s', '/user/topic/reply');
    const unread = await service.tapUnread(user);
    const queue = node();
    await relay?.close();
    relay = undefined;
    await service.toUser(user, 'topic.reply', 'unread');
    await unread.message('unread');
    const again = await Service.open();
    again.channel.on('error', () => {});
    await expect(again.channel.checkQueue(queue)).rejects.toThrow(/NOT_FOUND/);
    await again.close();
  });

  it('does not take long when the broker is away', async () => {
    await start();
    amqp.fail();
    webStomp.fail();
    await waitFor(async () => (await readiness()).down.length === 6, { what: 'the loss of all' });
    await relay?.close();
    relay = undefined;
    // A relay that never left would hang here until the test's time is up.
  });
});
