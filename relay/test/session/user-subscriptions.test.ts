import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AcknowledgedUserSubscription, UserSubscription } from '../../src/session/user-subscriptions.js';
import { header } from '../../src/stomp/frame.js';
import { asked, Rig, Settlements, userMessage } from './rig.js';

let rig: Rig;
let settlements: Settlements;

beforeEach(async () => {
  rig = new Rig();
  settlements = new Settlements();
  await rig.connect();
  rig.frames.length = 0;
});
afterEach(() => rig.close());

function subscription(ackMode: 'auto' | 'client' | 'client-individual', id = 'sub'): UserSubscription {
  const address = { userWord: 'alice', rest: 'x' };
  const own = [rig.session, id, { asked: asked('/user/x'), address, replay: false }] as const;
  const one =
    ackMode === 'auto' ? new UserSubscription(...own) : new AcknowledgedUserSubscription(...own, ackMode);
  rig.session.subscriptions.set(id, one);
  void one.start();
  return one;
}

function deliver(to: UserSubscription, ...ids: string[]): void {
  for (const id of ids) to.deliver(userMessage(id), settlements.delivery(id));
}

const acks = () => rig.frames.map(({ headers }) => header(headers, 'ack') ?? '');
const waitsFor = (ack: string) => rig.session.acknowledgements.has(ack);

function acknowledge(ack: string | undefined, accepted: boolean): void {
  rig.session.acknowledgements.settle(ack ?? '', accepted);
}

describe('ack:auto', () => {
  it('counts as delivered with the proof that covers it', () => {
    deliver(subscription('auto'), 'a', 'b');
    expect(rig.transport.proofRequests).toBe(2);
    rig.session.onProof(rig.transport.sent - 1);
    expect(settlements.acked).toEqual(['a']);
    rig.session.onProof(rig.transport.sent);
    expect(settlements.acked).toEqual(['a', 'b']);
  });

  it('gives back what is unproved when the client goes', () => {
    deliver(subscription('auto'), 'a', 'b');
    rig.session.onProof(rig.transport.sent - 1);
    rig.session.onClose(1006);
    expect(settlements).toMatchObject({ acked: ['a'], refused: ['b'] });
  });

  it('has no ack header', () => {
    deliver(subscription('auto'), 'a');
    expect(rig.frames[0]).toMatchObject({ command: 'MESSAGE', body: Buffer.from('body a') });
    expect(acks()).toEqual(['']);
    expect(header(rig.frames[0]?.headers ?? [], 'destination')).toBe('/user/x');
    expect(header(rig.frames[0]?.headers ?? [], 'message-id')).toBe('a');
  });
});

describe('ack:client', () => {
  it('settles the named message and all before it', () => {
    deliver(subscription('client'), 'a', 'b', 'c');
    acknowledge(acks()[1], true);
    expect(settlements.acked).toEqual(['a', 'b']);
    acknowledge(acks()[2], false);
    expect(settlements).toMatchObject({ acked: ['a', 'b'], refused: ['c'] });
  });

  it('does nothing for an ack value twice, nor to another subscription', () => {
    deliver(subscription('client', 'one'), 'a', 'b');
    deliver(subscription('client', 'two'), 'c');
    const [ack, later, other] = acks();
    acknowledge(ack, true);
    acknowledge(ack, true);
    acknowledge(ack, false);
    expect(settlements).toMatchObject({ acked: ['a'], refused: [] });
    acknowledge(other, true);
    expect(settlements).toMatchObject({ acked: ['a', 'c'], refused: [] });
    acknowledge(later, false);
    expect(settlements).toMatchObject({ acked: ['a', 'c'], refused: ['b'] });
  });
});

describe('ack:client-individual', () => {
  it('settles the named message alone', () => {
    deliver(subscription('client-individual'), 'a', 'b', 'c');
    acknowledge(acks()[2], true);
    acknowledge(acks()[0], false);
    expect(settlements).toMatchObject({ acked: ['c'], refused: ['a'] });
    expect(acks().map(waitsFor)).toEqual([false, true, false]);
  });
});

describe('acknowledged subscriptions', () => {
  it('tell two subscriptions to one destination apart', () => {
    const [one, two] = [subscription('client', 'one'), subscription('client', 'two')];
    const message = userMessage('a');
    const delivery = settlements.delivery('a', 2);
    one.deliver(message, delivery);
    two.deliver(message, delivery);
    const [first = '', second = ''] = acks();
    expect(first).not.toBe(second);
    one.end();
    expect([waitsFor(first), waitsFor(second)]).toEqual([false, true]);
    expect(settlements).toMatchObject({ acked: [], refused: [] });
    acknowledge(second, true);
    expect(settlements).toMatchObject({ acked: ['a'], refused: [] });
  });

  it('give back what waits when they end', () => {
    const one = subscription('client');
    deliver(one, 'a', 'b', 'c');
    acknowledge(acks()[0], true);
    one.end();
    expect(settlements).toMatchObject({ acked: ['a'], refused: ['b', 'c'] });
  });

  it('close a client that leaves too many unacknowledged, and give all of them back', () => {
    deliver(subscription('client'), 'a', 'b', 'c', 'd');
    expect(rig.transport.closed?.code).toBe(4429);
    expect(settlements).toMatchObject({ acked: [], refused: ['a', 'b', 'c', 'd'] });
  });

  it('share one bound with all others of their session', () => {
    deliver(subscription('client', 'one'), 'a', 'b');
    deliver(subscription('client-individual', 'two'), 'c');
    expect(rig.transport.closed).toBeUndefined();
    deliver(subscription('client', 'three'), 'd');
    expect(rig.transport.closed?.code).toBe(4429);
    expect(settlements).toMatchObject({ acked: [], refused: ['a', 'b', 'c', 'd'] });
  });

  it('leave nothing behind when the first of two in a session brings it to its end', () => {
    const [one, two] = [subscription('client', 'one'), subscription('client', 'two')];
    deliver(one, 'a', 'b', 'c');
    // As the hub does it: the list of takers is copied, so the second one is served although its session is over.
    const delivery = settlements.delivery('d', 2);
    one.deliver(userMessage('d'), delivery);
    two.deliver(userMessage('d'), delivery);
    expect(rig.session.isClosed).toBe(true);
    expect(settlements.refused).toEqual(['a', 'b', 'c', 'd']);
  });
});

it('lets a client answer where a message asked for it', () => {
  const one = subscription('auto');
  one.deliver(userMessage('a', ['reply-to', '/reply-queue/amq.gen-1']), settlements.delivery('a'));
  expect(rig.session.replies.has('/reply-queue/amq.gen-1')).toBe(true);
  expect(rig.session.replies.has('/reply-queue/amq.gen-2')).toBe(false);
});
