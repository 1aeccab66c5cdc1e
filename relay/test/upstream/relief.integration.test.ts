import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
import { metric } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const PREFETCH = 100;

const world = new World();
let relay: TestRelay;
let service: Service;

beforeAll(async () => {
  [relay, service] = await Promise.all([
    world.relay({
      RELAY_USER_PREFETCH: String(PREFETCH),
      // Not what makes the difference here.
      RELAY_CONFIRM_TIMEOUT: '600000',
      RELAY_ACK_TIMEOUT: '600000',
      RELAY_MAX_UNACKED: '500',
    }),
    world.service(),
  ]);
});
afterAll(() => world.close());

describe('users who confirm nothing of what they are sent', () => {
  it.each([
    ['proves nothing', 'auto'],
    ['acknowledges nothing', 'client-individual'],
  ])('keep nobody else waiting for longer than it takes to find out: who %s', async (_what, ack) => {
    const [greedy, patient] = [unique('greedy'), unique('patient')];
    const deaf = await relay.connected(greedy, { socket: { autoPong: false } });
    await deaf.subscribed('s', '/user/x', { ack });
    const healthy = await relay.connected(patient);
    await healthy.subscribed('s', '/user/x', { ack: 'auto' });
    const unread = await service.tapUnread(greedy);
    const before = await metric(relay, 'relay_limits_total', 'RELAY_USER_PREFETCH');

    const sent = Array.from({ length: 2 * PREFETCH }, (_, i) => `m${i}`);
    await service.allToUser(greedy, 'x', sent);
    // Behind all of them in the queue that both share.
    await service.toUser(patient, 'x', 'at last');
    await healthy.message('at last');

    const { error, code } = await deaf.refused();
    expect([error.headers.code, code]).toEqual(['ERR_HOLDS_UP_OTHERS', closures.slowConsumer.code]);
    expect(await metric(relay, 'relay_limits_total', 'RELAY_USER_PREFETCH')).toBe(before + 1);
    await waitFor(() => unread.bodies().length >= sent.length, { what: 'the unread messages' });
    expect(new Set(unread.bodies())).toEqual(new Set(sent));
    expect(healthy.closed).toBeUndefined();
  });
});
