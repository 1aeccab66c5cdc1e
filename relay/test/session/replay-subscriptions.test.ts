import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { header } from '../../src/stomp/frame.js';
import { MemoryMailbox } from '../unread/memory-mailbox.js';
import { numbered } from '../unread/replay-rig.js';
import { Rig, Settlements, userMessage } from './rig.js';

let rig: Rig;
let mailboxes: Map<string, MemoryMailbox>;
let settlements: Settlements;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  mailboxes = new Map();
  settlements = new Settlements();
});
afterEach(() => {
  rig.close();
  vi.useRealTimers();
});

/** No broker in a unit test: mailboxes are in memory, and bindings are made at once. */
async function connected(maxUnacked: number): Promise<void> {
  rig = new Rig({ maxUnacked });
  const { unread, users } = rig.services;
  vi.spyOn(unread, 'take').mockImplementation(async ({ rest }, limits) => mailboxes.get(rest)?.take(limits));
  vi.spyOn(unread, 'passed').mockResolvedValue();
  vi.spyOn(users, 'subscribe').mockResolvedValue();
  await rig.connect();
  rig.frames.length = 0;
}

function stored(rest: string, ...bodies: string[]): MemoryMailbox {
  const mailbox = new MemoryMailbox();
  mailbox.put(...bodies);
  mailboxes.set(rest, mailbox);
  return mailbox;
}

async function subscribe(rest: string, ack: string): Promise<void> {
  rig.send('SUBSCRIBE', ['id', rest, 'destination', `/user/${rest}`, 'ack', ack, 'unread', 'replay']);
  await vi.advanceTimersByTimeAsync(10);
}

function publish(rest: string, ...ids: string[]): void {
  const taker = rig.session.subscriptions.get(rest);
  if (!taker || !('deliver' in taker)) throw new Error(`no subscription to ${rest}`);
  const { deliver } = taker as { deliver: (...args: unknown[]) => void };
  for (const id of ids) deliver.call(taker, userMessage(id), settlements.delivery(id));
}

const bodies = () => rig.frames.map(({ body }) => body.toString());

function acknowledgeAll(): void {
  for (const { headers } of rig.frames.splice(0)) {
    rig.session.acknowledgements.settle(header(headers, 'ack') ?? '', true);
  }
}

describe('unread mail that a client acknowledges', () => {
  it('uses half of what may wait, whatever it has; the rest is for what arrives live', async () => {
    await connected(20);
    stored('x', ...numbered('u', 30));
    await subscribe('x', 'client-individual');
    expect(bodies()).toEqual(numbered('u', 30).slice(0, 10));
    acknowledgeAll();
    await vi.advanceTimersByTimeAsync(10);
    expect(bodies()).toEqual(numbered('u', 30).slice(10, 20));
  });

  it('never closes a client that subscribes to several destinations', async () => {
    await connected(20);
    for (const rest of ['a', 'b', 'c', 'd']) stored(rest, ...numbered(rest, 15));
    // Side by side, as after a reconnect.
    for (const rest of ['a', 'b', 'c', 'd']) {
      rig.send('SUBSCRIBE', [
        'id',
        rest,
        'destination',
        `/user/${rest}`,
        'ack',
        'client',
        'unread',
        'replay',
      ]);
    }
    const got: string[] = [];
    for (let round = 0; round < 30; round++) {
      await vi.advanceTimersByTimeAsync(10);
      got.push(...bodies());
      acknowledgeAll();
    }
    expect(rig.transport.closed).toBeUndefined();
    for (const rest of ['a', 'b', 'c', 'd']) {
      expect(got.filter((body) => body.startsWith(rest))).toEqual(numbered(rest, 15));
    }
  });

  it('goes back where it was when the client is gone', async () => {
    await connected(20);
    const mailbox = stored('x', ...numbered('u', 5));
    await subscribe('x', 'client');
    rig.session.acknowledgements.settle(header(rig.frames[1]?.headers ?? [], 'ack') ?? '', true);
    rig.session.onClose(1006);
    await vi.advanceTimersByTimeAsync(10);
    expect(mailbox.waiting).toEqual(['u3', 'u4', 'u5']);
  });
});

describe('unread mail with automatic acknowledgement', () => {
  it('is read when it is proved, also after UNSUBSCRIBE', async () => {
    await connected(3);
    const mailbox = stored('x', 'u1', 'u2', 'u3');
    await subscribe('x', 'auto');
    const sent = rig.transport.sent;
    rig.session.onProof(sent - 1);
    rig.send('UNSUBSCRIBE', ['id', 'x']);
    await vi.advanceTimersByTimeAsync(10);
    expect(mailbox.waiting).toEqual([]);
    rig.session.onProof(sent);
    await vi.advanceTimersByTimeAsync(10);
    expect(mailbox.unread).toEqual([]);
  });

  it('is read when it is proved before the answer to DISCONNECT', async () => {
    await connected(3);
    const mailbox = stored('x', 'u1', 'u2');
    await subscribe('x', 'auto');
    rig.send('DISCONNECT', ['receipt', 'r']);
    await vi.advanceTimersByTimeAsync(10);
    expect(rig.commands).not.toContain('RECEIPT');
    rig.session.onProof(rig.transport.sent);
    await vi.advanceTimersByTimeAsync(10);
    expect([rig.commands.at(-1), mailbox.unread]).toEqual(['RECEIPT', []]);
  });

  it('goes back where it was when it is not proved', async () => {
    await connected(3);
    const mailbox = stored('x', 'u1', 'u2', 'u3');
    await subscribe('x', 'auto');
    rig.session.onProof(rig.transport.sent - 2);
    rig.session.onClose(1006);
    await vi.advanceTimersByTimeAsync(10);
    expect(mailbox.waiting).toEqual(['u2', 'u3']);
  });
});

it('gives back in the order in which it came, delivered or held', async () => {
  await connected(4);
  await subscribe('y', 'client');
  publish('y', 'y1');
  let passed = () => {};
  vi.spyOn(rig.services.unread, 'passed').mockReturnValue(
    new Promise((resolve) => {
      passed = resolve;
    }),
  );
  await subscribe('x', 'client');
  publish('x', 'l1', 'l2', 'l3');
  passed();
  await vi.advanceTimersByTimeAsync(10);
  expect(bodies()).toEqual(['body y1', 'body l1']);
  rig.session.onClose(1006);
  await vi.advanceTimersByTimeAsync(10);
  expect(settlements.refused).toEqual(['y1', 'l1', 'l2', 'l3']);
});

it('closes a client that cannot take what was unread before too much is new', async () => {
  await connected(3);
  vi.spyOn(rig.services.unread, 'passed').mockReturnValue(new Promise(() => {}));
  await subscribe('x', 'auto');
  publish('x', ...numbered('l', 501));
  expect(header(rig.frames.at(-1)?.headers ?? [], 'code')).toBe('ERR_REPLAY_BEHIND');
  expect(rig.transport.closed?.code).toBe(4429);
  await vi.advanceTimersByTimeAsync(10);
  expect(settlements.refused).toEqual(numbered('l', 501));
});

it('marks unread mail, and names each message differently', async () => {
  await connected(3);
  stored('x', 'u1', 'u2');
  await subscribe('x', 'auto');
  publish('x', 'l1');
  const of = (name: string) => rig.frames.map(({ headers }) => header(headers, name));
  expect(of('unread')).toEqual(['true', 'true', undefined]);
  expect(of('destination')).toEqual(['/user/x', '/user/x', '/user/x']);
  expect(of('amqp-message-id').slice(0, 2)).toEqual(['u1', 'u2']);
  expect(new Set(of('message-id')).size).toBe(3);
});
