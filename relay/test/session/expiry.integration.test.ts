import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { inSeconds } from '../support/tokens.js';
import { numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

let world: World;
let relay: TestRelay;
let service: Service;

beforeAll(async () => {
  world = new World();
  relay = await world.keep(startRelay());
  service = await world.service();
});
afterAll(() => world.close());

/** A client whose token ends at this second, and that says nothing more by itself. */
async function open(user: string, exp: number): Promise<RawClient> {
  const authorization = `Bearer ${await relay.token(user, { exp })}`;
  const client = await relay.anonymous({ socket: { headers: { authorization } } });
  await client.connect();
  return client;
}

// All at once: most of the time they wait for the end of a token.
describe.concurrent('at the end of its token', () => {
  it.each([
    ['/topic/', 'auto'],
    ['/user/', 'auto'],
    ['/user/', 'client-individual'],
    ['/queue/', 'auto'],
    ['/queue/', 'client'],
  ])('a silent subscriber of %s with ack:%s gets nothing after its token has ended', async (prefix, ack) => {
    const user = unique('silent');
    const name = unique('stream');
    const exp = inSeconds(5);
    const client = await open(user, exp);
    if (prefix === '/user/') await service.allToUser(user, name, numbered(5));
    await client.subscribed('s', prefix + name, {
      ack,
      ...(prefix === '/user/' ? { unread: 'replay' } : {}),
    });
    let last = 0;
    let sent = 0;
    const arrivals = setInterval(() => {
      if (prefix === '/topic/') service.post('amq.topic', name, String(sent++));
      else if (prefix === '/user/') service.post('relay.user', `${user}.${name}`, String(sent++));
      else service.post('', name, String(sent++));
      // As an application does: else it is closed for acknowledging nothing.
      for (const { headers } of client.messages().slice(last)) {
        if (headers.ack !== undefined && !client.closed) client.send('ACK', { id: headers.ack });
      }
      last = client.messages().length;
    }, 20);
    try {
      expect((await client.refused()).error.headers.code).toBe('ERR_TOKEN_EXPIRED');
      expect(client.closed?.code).toBe(4410);
      // The second of the token, and one more for a machine that is busy.
      expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
      expect(Date.now()).toBeLessThan((exp + 1) * 1000);
      const count = client.messages().length;
      expect(count).toBeGreaterThan(20);
      const sentThen = sent;
      await waitFor(() => sent > sentThen + 25, { what: 'more messages' });
      expect(client.messages().length).toBe(count);
    } finally {
      clearInterval(arrivals);
    }
    if (prefix === '/queue/') await service.channel.deleteQueue(name);
  });

  it('what it was sent and did not prove is unread', async () => {
    const user = unique('silent');
    const client = await open(user, inSeconds(3));
    await client.subscribed('s', '/user/topic/reply', { ack: 'client' });
    const unread = await service.tapUnread(user);
    await service.toUser(user, 'topic.reply', 'kept');
    await client.message('kept');
    await client.refused();
    await unread.message('kept');
  });
});
