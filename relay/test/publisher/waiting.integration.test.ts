import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestRelay, unique } from '../support/relay.js';
import { numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { behindProxy, reached, rejected } from './helpers.js';

const world = new World();
let relay: TestRelay;

beforeAll(async () => {
  relay = await world.relay();
});
afterAll(() => world.close());

describe('what waits', () => {
  test('is bounded: calls wait for room in their order', async () => {
    const user = unique('paul');
    const { proxy, publisher } = await behindProxy(world, { maxBuffered: { messages: 10 } });
    await publisher.ready();
    proxy.fail();
    await reached(publisher, 'waiting');
    const calls = numbered(35).map((body) => publisher.toUser(user, '/topic/reply', body));
    let ready = false;
    const room = publisher.ready().then(() => {
      ready = true;
    });
    expect(publisher.buffered).toEqual({ messages: 10, bytes: 10 });
    expect(ready).toBe(false);
    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    proxy.restore();
    await Promise.all(calls);
    await room;
    await publisher.drained();
    expect(publisher.buffered).toEqual({ messages: 0, bytes: 0 });
    await client.message('34');
    expect(client.bodies()).toEqual(numbered(35));
  });

  test('is refused with whenFull: reject, by number and by bytes', async () => {
    const { proxy, publisher } = await behindProxy(world, {
      maxBuffered: { messages: 3, bytes: 100 },
      whenFull: 'reject',
    });
    proxy.fail();
    await reached(publisher, 'waiting');
    const user = unique('rita');
    const calls = numbered(3).map((body) => publisher.toUser(user, '/topic/reply', body));
    const full = await rejected(publisher.toUser(user, '/topic/reply', 'no room'));
    expect(full).toMatchObject({ code: 'ERR_BUFFER_FULL', mayHaveArrived: false });
    const several = await rejected(publisher.toUsers(['a', 'b'], '/topic/reply', 'no room'));
    expect(several).toMatchObject({ code: 'ERR_SOME_FAILED', mayHaveArrived: false });
    expect(several.failures.map(({ user: name }) => name)).toEqual(['a', 'b']);
    proxy.restore();
    await Promise.all(calls);
    proxy.fail();
    await reached(publisher, 'waiting');
    const large = publisher.toUser(user, '/topic/reply', 'x'.repeat(90));
    expect((await rejected(publisher.toUser(user, '/topic/reply', 'x'.repeat(11)))).code).toBe(
      'ERR_BUFFER_FULL',
    );
    proxy.restore();
    await large;
  });

  test('ends with its time or its signal, and is not sent afterwards', async () => {
    const { proxy, publisher } = await behindProxy(world, { timeout: 150, maxBuffered: { messages: 3 } });
    proxy.fail();
    await reached(publisher, 'waiting');
    const user = unique('tim');
    const controller = new AbortController();
    const { signal } = controller;
    const kept = publisher.toUser(user, '/topic/reply', 'kept', { timeout: 60_000 });
    const late = rejected(publisher.toUser(user, '/topic/reply', 'too late'));
    const aborted = rejected(publisher.toUser(user, '/topic/reply', 'aborted', { signal, timeout: 60_000 }));
    // No room: it is over before it gets any.
    const outside = rejected(publisher.toUser(user, '/topic/reply', 'outside'));
    const reason = new Error('changed my mind');
    controller.abort(reason);
    expect(await late).toMatchObject({ code: 'ERR_TIMEOUT', mayHaveArrived: false });
    expect(await aborted).toMatchObject({
      code: 'ERR_ABORTED',
      cause: reason,
      mayHaveArrived: false,
    });
    expect(await outside).toMatchObject({ code: 'ERR_TIMEOUT', mayHaveArrived: false });
    expect((await rejected(publisher.toUser(user, '/topic/reply', 'x', { signal }))).code).toBe(
      'ERR_ABORTED',
    );
    expect(publisher.buffered.messages).toBe(1);
    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    proxy.restore();
    await kept;
    // One signal may be that of thousands of calls.
    const { signal: lasting } = new AbortController();
    await publisher.toUser(user, '/topic/reply', 'last', { timeout: 60_000, signal: lasting });
    expect(getEventListeners(lasting, 'abort')).toHaveLength(0);
    await client.message('last');
    expect(client.bodies()).toEqual(['kept', 'last']);
  });

  test('longer than its expiration is not sent, and shorter by the time that it has waited', async () => {
    const { proxy, publisher } = await behindProxy(world);
    proxy.fail();
    await reached(publisher, 'waiting');
    const user = unique('eva');
    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    const over = rejected(publisher.toUser(user, '/topic/reply', 'over', { expiration: 50 }));
    const rest = publisher.toUser(user, '/topic/reply', 'rest', { expiration: 100_000 });
    const since = Date.now();
    await waitFor(() => Date.now() - since > 300, { what: 'some time to pass' });
    proxy.restore();
    expect(await over).toMatchObject({ code: 'ERR_EXPIRED', mayHaveArrived: false });
    await rest;
    const { headers } = await client.message('rest');
    expect(Number(headers.expiration)).toBeLessThanOrEqual(99_700);
    expect(Number(headers.expiration)).toBeGreaterThan(10_000);
    expect(client.bodies()).toEqual(['rest']);
  });

  test('is seen through by close, and given up when its time is over', async () => {
    const user = unique('cleo');
    const { proxy, publisher } = await behindProxy(world);
    const calls = numbered(500).map((body) => publisher.toUser(user, '/topic/reply', body));
    await publisher.close();
    await Promise.all(calls);
    expect(publisher.state.value).toEqual({ status: 'closed' });
    expect((await rejected(publisher.toUser(user, '/topic/reply', 'late'))).code).toBe('ERR_CLOSED');

    const other = await behindProxy(world);
    other.proxy.fail();
    await reached(other.publisher, 'waiting');
    const lost = rejected(other.publisher.toUser(user, '/topic/reply', 'never sent'));
    await other.publisher.close({ timeout: 50 });
    expect(await lost).toMatchObject({ code: 'ERR_CLOSED', mayHaveArrived: false });
    proxy.restore();
  });
});
