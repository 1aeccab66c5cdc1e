import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { Mailroom } from '../support/mailroom.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { bodiesOf, numbered, UnreadClient } from '../support/unread.js';

let relays: TestRelay[];
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  [relays, service, mailroom] = await Promise.all([
    Promise.all([startRelay(), startRelay()]),
    Service.open(),
    Mailroom.open(),
  ]);
});

afterAll(async () => {
  await Promise.all([mailroom?.close(), service?.close(), ...(relays ?? []).map((relay) => relay.close())]);
});

/** A user with unread mail, seen from each relay. */
async function withMail(bodies: readonly (string | Buffer)[]) {
  const user = unique('alice');
  const [one, two] = (await UnreadClient.at(relays, user)) as [UnreadClient, UnreadClient];
  await service.allToUser(user, 'topic.reply', bodies);
  await one.waiting(bodies.length);
  return { user, one, two };
}

describe('pulling', () => {
  it('gives 1,000 messages that came before the user existed, in order, by pages over two relays in turns', async () => {
    const bodies = numbered(1000);
    const { user, one, two } = await withMail(bodies);
    const got: string[] = [];
    for (let page = 0; page < 10; page++) {
      const [here, there] = page % 2 === 0 ? [one, two] : [two, one];
      const pulled = await here.pull(100);
      got.push(...bodiesOf(pulled));
      expect(pulled.remaining).toBe(900 - page * 100);
      // A lease is no secret of the relay that gave it.
      expect(await (page % 3 === 0 ? there : here).ack(pulled.lease)).toBe(100);
      const left = 900 - page * 100;
      expect(await there.counts()).toEqual(left > 0 ? { '/topic/reply': left } : {});
    }
    expect(got).toEqual(bodies);
    await mailroom.gone(user);
    expect(await one.pull()).toEqual({ messages: [], lease: null, expiresIn: 0, remaining: 0 });
  });

  it('gives what arrived after the mailbox had been emptied and removed', async () => {
    const { user, one, two } = await withMail(['first']);
    await one.readAll();
    await mailroom.gone(user);
    await service.toUser(user, 'topic.reply', 'second');
    await two.waiting(1);
    expect(await two.readAll()).toEqual(['second']);
  });

  it('shows each message as a MESSAGE frame would: headers, properties, id', async () => {
    const user = unique('alice');
    const client = await UnreadClient.of(relays[0] as TestRelay, user);
    await service.toUser(user, 'topic.reply', '{"n":1}', {
      messageId: 'm-1',
      contentType: 'application/json',
      correlationId: 'c-1',
      headers: { kind: 'note', n: 7, ok: true },
    });
    await client.waiting(1);
    const [message] = (await client.pull(1, '/user/topic/reply')).messages;
    expect(message).toEqual({
      id: 'm-1',
      destination: '/user/topic/reply',
      headers: expect.objectContaining({
        kind: 'note',
        n: '7',
        ok: 'true',
        redelivered: 'false',
        'amqp-message-id': 'm-1',
        'content-type': 'application/json',
        'correlation-id': 'c-1',
      }),
      body: '{"n":1}',
      encoding: 'utf8',
    });
  });

  it('names a message without an id of the publisher’s the same each time', async () => {
    const { one, two } = await withMail(['a', 'b']);
    const first = await one.pull();
    await one.ack('not.this').catch(() => {});
    await two.ack(first.lease);
    const again = await withMail(['c']);
    const pulled = await again.one.pull();
    const ids = [...first.messages, ...pulled.messages].map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id.length > 5)).toBe(true);
  });

  it.each([
    ['empty', Buffer.alloc(0), 'utf8'],
    ['binary', Buffer.from([0, 255, 254, 10, 13, 0]), 'base64'],
    ['1 MiB of text', Buffer.alloc(1024 * 1024, 'ü'), 'utf8'],
    ['1 MiB of bytes', Buffer.alloc(1024 * 1024, 0xfe), 'base64'],
  ] as const)('keeps a body byte by byte: %s', async (_what, body, encoding) => {
    const { one } = await withMail([body]);
    const [message] = (await one.pull()).messages;
    expect(message?.encoding).toBe(encoding);
    expect(Buffer.from(message?.body ?? '', encoding).equals(body)).toBe(true);
  });

  it('ends a page early when bodies grow long, and the pages together are all of them', async () => {
    const large = numbered(20).map((n) => n.padEnd(1024 * 1024, '.'));
    const { one } = await withMail(large);
    const page = await one.pull(20);
    // 8 MiB of bodies and a little for the headers of each.
    expect(page.messages.length).toBe(7);
    expect(page.remaining).toBe(13);
    await one.ack(page.lease);
    expect([...bodiesOf(page), ...(await one.readAll(20))]).toEqual(large);
  });

  it.each([2, 10])(
    'by %i at the same time never hands out a message under two live leases',
    async (pullers) => {
      const bodies = numbered(pullers * 20);
      const { user, one, two } = await withMail(bodies);
      const got: string[] = [];
      // Nothing is acknowledged: whatever came twice would have come under two live leases.
      while (got.length < bodies.length) {
        const pages = await Promise.all(
          Array.from({ length: pullers }, (_, i) => (i % 2 === 0 ? one : two).pull(15)),
        );
        got.push(...pages.flatMap(bodiesOf));
        expect(new Set(got).size).toBe(got.length);
        if (pages.every(({ messages }) => messages.length === 0)) break;
      }
      expect([...got].sort()).toEqual([...bodies].sort());
      expect((await mailroom.state(user))?.messages).toBe(0);
    },
  );

  it('by ten at once, each acknowledging as it goes, reads everything once', async () => {
    const bodies = numbered(1000);
    const { user, one, two } = await withMail(bodies);
    const read = await Promise.all(numbered(10).map((n) => (Number(n) % 2 ? one : two).readAll(10)));
    expect(read.flat().sort()).toEqual([...bodies].sort());
    await mailroom.gone(user);
  });
});

describe('marking as read', () => {
  it('clears one destination and leaves the others, or clears all', async () => {
    const { user, one, two } = await withMail(numbered(3));
    await service.allToUser(user, 'queue.other', numbered(2));
    await one.waiting(2, '/queue/other');
    expect(await one.counts()).toEqual({ '/topic/reply': 3, '/queue/other': 2 });
    expect(await two.clear('/user/topic/reply')).toBe(3);
    expect(await one.counts()).toEqual({ '/queue/other': 2 });
    await service.allToUser(user, 'topic.reply', numbered(4));
    await one.waiting(4);
    expect(await two.clear()).toBe(6);
    expect(await one.counts()).toEqual({});
    await mailroom.gone(user);
    await mailroom.gone(user, 'queue.other');
    expect(await one.clear()).toBe(0);
  });

  it('covers everything that was published before it', async () => {
    const { user, one } = await withMail(['known']);
    // Confirmed by the broker, and perhaps still on its way into the mailbox.
    await service.allToUser(user, 'topic.reply', numbered(500));
    await one.clear('/topic/reply');
    expect(await one.counts()).toEqual({});
    await mailroom.passed(user);
    expect(await one.counts()).toEqual({});
  });

  it('covers leased messages: whoever holds them may still acknowledge, and they never come back', async () => {
    const { user, one, two } = await withMail(numbered(4));
    const [acked, left] = [await one.pull(1), await one.pull(1)];
    expect(await two.clear()).toBe(2);
    await mailroom.gone(user);
    expect(await one.ack(acked.lease)).toBe(1);
    // A new mailbox of the same name is none of theirs.
    await service.toUser(user, 'topic.reply', 'new');
    await two.waiting(1);
    expect(await one.ack(left.lease)).toBe(1);
    expect(await two.readAll()).toEqual(['new']);
    await mailroom.gone(user);
  });
});
