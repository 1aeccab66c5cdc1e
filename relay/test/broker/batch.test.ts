import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Batch, BatchEnd } from '../../src/broker/batch.js';
import { MemoryMailbox } from '../unread/memory-mailbox.js';

let mailbox: MemoryMailbox;

beforeEach(() => {
  mailbox = new MemoryMailbox();
  mailbox.put('a', 'b', 'c', 'd', 'e');
});

/** How the batch has ended so far; undefined while it has not. */
async function endOf(batch: Batch): Promise<BatchEnd | undefined> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return Promise.race([batch.ended, Promise.resolve(undefined)]);
}

describe('settling', () => {
  it('takes what is acknowledged out of the mailbox', async () => {
    const batch = mailbox.take({ messages: 3 });
    expect(batch.messages.map(({ content }) => content.toString())).toEqual(['a', 'b', 'c']);
    batch.ackAll();
    expect(await endOf(batch)).toEqual({ left: 2, returned: 0 });
    expect(mailbox.unread).toEqual(['d', 'e']);
    expect(mailbox.channels.size).toBe(0);
  });

  it('puts back what is refused, where it was, once all are settled', async () => {
    const batch = mailbox.take({ messages: 3 });
    batch.refuse(1);
    await Promise.resolve();
    // One by one, a quorum queue would mix them up.
    expect(mailbox.waiting).toEqual(['d', 'e']);
    batch.refuseAll();
    expect(await endOf(batch)).toEqual({ left: 5, returned: 3 });
    expect(mailbox.waiting).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('puts back all at once what is refused at once: nobody gets the later ones first', async () => {
    const batch = mailbox.take({ messages: 3 });
    batch.refuseAll();
    for (let turn = 0; turn < 10; turn++) {
      expect([
        ['d', 'e'],
        ['a', 'b', 'c', 'd', 'e'],
      ]).toContainEqual(mailbox.waiting);
      await Promise.resolve();
    }
    expect(mailbox.waiting).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('keeps whatever is to go back into the mailbox', async () => {
    // The keeper removes a mailbox in which nothing waits and which nobody reads; it looks twice, because for a moment
    // that is so when the first message was read and others go back.
    for (const script of [
      ['ack', 'refuse', 'refuse'],
      ['refuse', 'ack', 'ack'],
      ['refuse', 'refuse', 'refuse'],
    ] as const) {
      const box = new MemoryMailbox();
      box.put('a', 'b', 'c');
      const { batch, channel } = box.takeOn(3);
      script.forEach((how, index) => {
        batch[how](index);
      });
      while (!channel.isClosed) {
        const refused = ['a', 'b', 'c'].filter((_, i) => script[i] === 'refuse');
        if (box.waiting.length === 0 && script[0] === 'refuse') expect(channel.reads).toBe(true);
        expect(box.unread).toEqual(expect.arrayContaining(refused));
        await Promise.resolve();
      }
      expect(box.waiting).toEqual(['a', 'b', 'c'].filter((_, i) => script[i] === 'refuse'));
    }
  });

  it('keeps the first message until all others are settled', async () => {
    const batch = mailbox.take({ messages: 3 });
    batch.ack(0);
    expect(batch.pending).toBe(2);
    batch.ack(1);
    expect(mailbox.unread).toContain('a');
    expect(await endOf(batch)).toBeUndefined();
    batch.refuse(2);
    expect(mailbox.unread).toEqual(['c', 'd', 'e']);
    expect(await endOf(batch)).toMatchObject({ returned: 1 });
  });

  it('puts the first message back last, however early it was refused', async () => {
    const batch = mailbox.take({ messages: 3 });
    batch.refuse(0);
    await Promise.resolve();
    expect(mailbox.waiting).toEqual(['d', 'e']);
    batch.ack(1);
    batch.ack(2);
    expect(await endOf(batch)).toEqual({ left: 3, returned: 1 });
    expect(mailbox.waiting).toEqual(['a', 'd', 'e']);
  });

  it('happens once to each message, and only to messages of the batch', async () => {
    const batch = mailbox.take({ messages: 2 });
    for (const index of [0, 1, 1, 0, -1, 2, 99]) batch.ack(index);
    batch.refuseAll();
    expect(await endOf(batch)).toMatchObject({ returned: 0 });
    expect(mailbox.unread).toEqual(['c', 'd', 'e']);
  });

  it('ends a batch without messages at once', async () => {
    mailbox.clear();
    mailbox.put();
    const batch = mailbox.take({ messages: 3 });
    expect(await endOf(batch)).toEqual({ left: 0, returned: 0 });
    expect(mailbox.channels.size).toBe(0);
  });
});

it('leaves the next message to others, although its first consumer would be handed that', () => {
  const batch = mailbox.take({ messages: 2 });
  batch.ackAll();
  expect(mailbox.waiting).toEqual(['c', 'd', 'e']);
});

describe('a lost channel', () => {
  it('gives everything back that the broker may not have seen', async () => {
    const { batch, channel } = mailbox.takeOn(3);
    batch.ack(1);
    channel.lose();
    expect(batch.pending).toBe(0);
    expect(await endOf(batch)).toEqual({ left: 5, returned: 3 });
    batch.ackAll();
    batch.refuseAll();
    expect(mailbox.waiting).toEqual(['a', 'c', 'd', 'e']);
  });

  it('ends the batch also when it was lost while the broker is asked about the last message', async () => {
    const { batch, channel } = mailbox.takeOn(2);
    batch.ackAll();
    channel.lose();
    expect(await endOf(batch)).toMatchObject({ returned: 2 });
  });

  it('ends the batch also when that was said before the batch could hear it', async () => {
    const { batch, channel } = mailbox.takeOn(2);
    channel.removeAllListeners('close');
    channel.lose();
    batch.refuseAll();
    expect(await endOf(batch)).toMatchObject({ returned: 2 });
    const empty = mailbox.takeOn(0);
    empty.channel.removeAllListeners('close');
    empty.channel.lose();
    expect(await endOf(empty.batch)).toMatchObject({ returned: 0 });
  });

  it('hurts nobody who settles while it is being closed', async () => {
    const { batch, channel } = mailbox.takeOn(3);
    channel.unusable = true;
    for (const index of [0, 1, 2]) expect(() => batch.ack(index)).not.toThrow();
    channel.lose();
    expect(await endOf(batch)).toMatchObject({ returned: 3 });
  });
});

it('counts nothing as returned when the mailbox was cleared meanwhile', async () => {
  const batch = mailbox.take({ messages: 3 });
  mailbox.clear();
  batch.ackAll();
  expect(await endOf(batch)).toEqual({ left: 0, returned: 0 });
});

it('leaves in the mailbox whatever was not acknowledged, in its order, however it ends', async () => {
  const step = fc.record({ ack: fc.boolean(), index: fc.nat(7) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 20 }),
      fc.integer({ min: 0, max: 6 }),
      async (steps, size) => {
        const box = new MemoryMailbox();
        const bodies = Array.from({ length: size + 1 }, (_, i) => String(i));
        box.put(...bodies);
        const batch = box.take({ messages: size });
        const fates = new Map<number, boolean>();
        for (const { ack, index } of steps) {
          if (ack) batch.ack(index);
          else batch.refuse(index);
          if (index < size && !fates.has(index)) fates.set(index, ack);
        }
        expect(batch.pending).toBe(size - fates.size);
        const refused = [...fates.values()].filter((ack) => !ack).length;
        if (fates.size === size) expect(await batch.ended).toMatchObject({ returned: refused });
        else box.cut();
        // The first one is settled with the last one only.
        if (fates.size < size) fates.delete(0);
        expect(box.waiting).toEqual(bodies.filter((_, i) => fates.get(i) !== true));
        await batch.ended;
      },
    ),
  );
});
