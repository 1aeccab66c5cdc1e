import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TokenRefused } from '../../client/errors.js';
import { SharedClient, type TabPort } from '../../client/shared/client.js';
import { Hub, type HubPort } from '../../client/shared/hub.js';
import type { WebSocketConstructor } from '../../client/types.js';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
import { metric, numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { Person } from './rig.js';

const world = new World();
let relay: TestRelay;
let service: Service;
let hub: Hub;
const ports: MessagePort[] = [];
beforeAll(async () => {
  relay = await world.relay();
  service = await world.service();
});
beforeEach(() => {
  hub = new Hub({ WebSocket: WebSocket as unknown as WebSocketConstructor, pingInterval: 200 });
});
afterAll(async () => {
  await world.close();
  for (const port of ports) port.close();
});

interface TabOptions {
  token?: (stale?: string) => string | Promise<string>;
  shareKey?: string;
}

/** A tab of the user, connected to the worker by a real pair of ports. */
function openTab(user: string, { token = () => relay.token(user), shareKey = user }: TabOptions = {}) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const options = { url: relay.url, heartbeat: 2000, shareKey };
  const client = new SharedClient(options, token, port1 as unknown as TabPort);
  hub.attach(port2 as unknown as HubPort);
  const person = new Person(client);
  void world.keep(Promise.resolve(person));
  const deaf = () => {
    port1.onmessage = null;
  };
  /** Does not do anything any more, as one that was killed or frozen. The answer has it go on. */
  const freeze = () => {
    const { onmessage } = port1;
    deaf();
    return () => {
      port1.onmessage = onmessage;
    };
  };
  return Object.assign(person, { freeze });
}

type Tab = ReturnType<typeof openTab>;
const openTabs = (user: string, count: number) => Array.from({ length: count }, () => openTab(user));
const sessions = (count: number) =>
  waitFor(async () => (await metric(relay, 'relay_sessions')) === count, { what: `${count} sessions` });
const connectAll = (tabs: Tab[]) => Promise.all(tabs.map(({ client }) => client.connect()));

describe('tabs of one user', () => {
  it('hold one connection, and each shows each message once', async () => {
    const user = unique('alice');
    const tabs = openTabs(user, 10);
    const ready = tabs.map((tab) => tab.subscribe('/user/topic/reply').ready);
    await connectAll(tabs);
    await Promise.all(ready);
    await sessions(1);
    await service.allToUser(user, 'topic.reply', numbered(50));
    await tabs[0]?.client.send(`/user/${user}/topic/reply`, 'last');
    for (const tab of tabs) {
      await tab.got('last');
      expect(tab.bodies()).toEqual([...numbered(50), 'last']);
      expect(tab.client.state.value).toMatchObject({ status: 'connected', user });
    }
    await Promise.all(tabs.map((tab) => tab.close()));
    await sessions(0);
  });

  it('all get what is pulled, once, and one that comes later gets what is live from then on', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(120));
    const tabs = openTabs(user, 3);
    const subscribed = tabs.map((tab) => tab.subscribe('/user/topic/reply'));
    await connectAll(tabs);
    await Promise.all(subscribed.map(({ ready }) => ready));
    for (const tab of tabs) expect(await tab.received(120)).toEqual(numbered(120));
    const late = openTab(user);
    await late.until('connected');
    await late.subscribe('/user/topic/reply').ready;
    await service.toUser(user, 'topic.reply', 'live');
    for (const tab of [...tabs, late]) await tab.got('live');
    expect(late.bodies()).toEqual(['live']);
    for (const tab of tabs) expect(tab.bodies()).toEqual([...numbered(120), 'live']);
    await Promise.all([...tabs, late].map((tab) => tab.close()));
  });

  it('end for themselves only', async () => {
    const user = unique('alice');
    const [one, two] = openTabs(user, 2) as [Tab, Tab];
    const ready = [one, two].map((tab) => tab.subscribe('/user/topic/reply').ready);
    await connectAll([one, two]);
    await Promise.all(ready);
    await one.close();
    expect(one.client.state.value).toEqual({ status: 'closed' });
    await service.toUser(user, 'topic.reply', 'on');
    await two.got('on');
    expect(one.bodies()).toEqual([]);
    expect(two.states.filter(({ status }) => status === 'connected')).toHaveLength(1);
    await expect(one.client.send('/app/x', '')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await one.client.connect();
    await service.toUser(user, 'topic.reply', 'again');
    await one.got('again');
    await Promise.all([one.close(), two.close()]);
    await sessions(0);
  });

  it('are given up when they die without a word, the last with the connection', async () => {
    const user = unique('alice');
    const [one, two] = openTabs(user, 2) as [Tab, Tab];
    await connectAll([one, two]);
    one.freeze();
    two.freeze();
    await sessions(0);
  });

  it('that were taken for dead begin anew as soon as they live', async () => {
    const user = unique('alice');
    const tab = openTab(user);
    const { ready } = tab.subscribe('/user/topic/reply');
    await tab.client.connect();
    await ready;
    const thaw = tab.freeze();
    await sessions(0);
    thaw();
    await tab.client.send('/app/x', 'I was asleep');
    await service.toUser(user, 'topic.reply', 'awake?');
    await tab.got('awake?');
    await tab.close();
  });
});

describe('tabs of different users', () => {
  it('never share a connection', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const tabs = [openTab(alice), openTab(bob)] as const;
    const ready = tabs.map((tab) => tab.subscribe('/user/topic/reply').ready);
    await connectAll([...tabs]);
    await Promise.all(ready);
    await sessions(2);
    await service.toUser(alice, 'topic.reply', 'for her');
    await service.toUser(bob, 'topic.reply', 'for him');
    expect([await tabs[0].received(1), await tabs[1].received(1)]).toEqual([['for her'], ['for him']]);
    await Promise.all(tabs.map((tab) => tab.close()));
    await sessions(0);
  });
});

describe('the token', () => {
  it('is brought by any tab that is alive', async () => {
    const user = unique('alice');
    const first = openTab(user);
    await first.client.connect();
    const dead = openTab(user, { token: () => new Promise(() => {}) });
    await dead.client.connect();
    await first.client.refresh();
    expect(first.states.filter(({ status }) => status === 'connected')).toHaveLength(1);
    await Promise.all([first.close(), dead.close()]);
  });

  it('is not to be had when one says so', async () => {
    const tab = openTab(unique('alice'), {
      token: () => {
        throw new TokenRefused('signed out');
      },
    });
    await expect(tab.client.connect()).rejects.toThrow('signed out');
    expect(await tab.until('stopped')).toMatchObject({ reason: 'signed out' });
    await tab.close();
  });
});

describe('a tab', () => {
  it('has all that a client of its own has', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.unread', ['1', '2']);
    const tab = openTab(user);
    const frames: string[] = [];
    tab.client.onFrame(({ command }) => frames.push(command));
    tab.client.unread.subscribe(() => {});
    await tab.client.connect();
    await waitFor(() => tab.client.unread.value.total === 2, { what: 'the counts' });
    expect(frames).toContain('CONNECT');

    const key = unique('prices');
    const { channel } = service;
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'relay.app', key);
    await channel.consume(
      queue,
      (message) => {
        const [, , exchange = '', to = ''] = String(message?.properties.replyTo).split('/');
        const { correlationId } = message?.properties ?? {};
        channel.publish(exchange, to, Buffer.from('here'), { correlationId });
      },
      { noAck: true },
    );
    expect((await tab.client.request(`/app/${key}`, '')).body).toBe('here');

    const refused = tab.subscribe('/exchange/secret/#');
    await expect(refused.ready).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' });
    await expect(tab.client.send('/exchange/secret/x', '')).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' });
    await tab.until('connected');
    const { length } = tab.states;
    tab.client.dropConnection();
    await waitFor(() => tab.states.slice(length).some(({ status }) => status === 'connected'), {
      what: 'another connection',
    });
    await tab.close();
    await sessions(0);
  });
});
