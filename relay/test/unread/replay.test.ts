import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client, numbered, ReplayRig } from './replay-rig.js';

let rig: ReplayRig;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  rig = new ReplayRig();
});
afterEach(() => {
  rig.end();
  vi.useRealTimers();
});

/** With a client that acknowledges and may have so many to acknowledge. */
function bounded(most: number): ReplayRig {
  rig = new ReplayRig(new Client(most));
  return rig;
}

describe('order', () => {
  it('is what was unread, then what was held meanwhile, then what comes', async () => {
    const { post, client, replay } = rig;
    post.mailbox.put('u1', 'u2');
    post.intake.push('u3');
    post.delays = [10];
    replay.start();
    rig.publish('l1', 'l2');
    await rig.pass(5);
    rig.publish('l3');
    expect(client.texts).toEqual([]);
    await rig.pass(1000);
    rig.publish('l4');
    expect(client.texts).toEqual(['u1', 'u2', 'u3', 'l1', 'l2', 'l3', 'l4']);
    expect(client.received.map(({ unread }) => unread)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false],
    ]);
  });

  it('holds live messages until the keeper has said that nothing is before them', async () => {
    const { post, client, replay } = rig;
    post.keeperAway = true;
    post.intake.push('u1');
    replay.start();
    rig.publish('l1');
    await rig.pass(10_000);
    expect(client.texts).toEqual([]);
    post.keeperAway = false;
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1', 'l1']);
  });

  it('has what becomes unread later as it comes', async () => {
    const { post, client, replay } = rig;
    replay.start();
    await rig.pass(100);
    rig.publish('l1');
    post.intake.push('u1');
    post.keep();
    await rig.pass(100);
    expect(client.texts).toEqual(['l1', 'u1']);
    expect(client.received[1]?.unread).toBe(true);
  });

  it('has what became unread while the last of the held messages went out', async () => {
    const { post, client, replay } = bounded(1);
    replay.start();
    rig.publish('l1', 'l2');
    await rig.pass(100);
    post.intake.push('u1');
    post.keep();
    await rig.pass(100);
    for (let i = 0; i < 3; i++) {
      client.acknowledge();
      await rig.pass(100);
    }
    expect(client.texts).toEqual(['l1', 'l2', 'u1']);
  });

  it('has what became unread while it was looking', async () => {
    const { post, client, replay } = rig;
    replay.start();
    await rig.pass(100);
    post.delays = [30];
    post.changes.received('alice', ['x']);
    await rig.pass(40);
    post.mailbox.put('u1');
    post.changes.received('alice', ['x']);
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1']);
  });

  it('looks again when messages are there that it was not handed', async () => {
    const { post, client, replay } = rig;
    replay.start();
    await rig.pass(100);
    post.mailbox.put('u1');
    vi.spyOn(post, 'take').mockImplementationOnce(async () => post.mailbox.take({ messages: 0 }));
    post.changes.received('alice', ['x']);
    await rig.pass(100);
    expect(client.texts).toEqual(['u1']);
  });

  it('looks once more when all changes are sure to be heard', async () => {
    const { post, client, replay } = rig;
    let bound = () => {};
    post.feed.gate = new Promise((resolve) => {
      bound = resolve;
    });
    replay.start();
    await rig.pass(100);
    post.mailbox.put('u1');
    bound();
    await rig.pass(100);
    expect(client.texts).toEqual(['u1']);
  });

  it('goes on where another mailbox has changed', async () => {
    const { post, replay } = rig;
    replay.start();
    await rig.pass(100);
    const { takes } = post;
    post.changes.received('alice', ['y']);
    await rig.pass(100);
    expect(post.takes).toBe(takes);
  });
});

describe('the window', () => {
  it('is 200 messages on their way, and moves on as they are proved', async () => {
    const { post, client, replay } = rig;
    const all = numbered('u', 450);
    post.mailbox.put(...all);
    replay.start();
    await rig.pass(1000);
    expect(client.texts).toEqual(all.slice(0, 200));
    client.acknowledge(120);
    await rig.pass(1000);
    expect(client.received).toHaveLength(320);
    client.acknowledge();
    await rig.pass(1000);
    client.acknowledge();
    await rig.pass(1000);
    expect(client.texts).toEqual(all);
    expect(post.mailbox.unread).toEqual([]);
  });

  it('moves on also when the keeper did not answer meanwhile', async () => {
    const { post, client, replay } = rig;
    post.mailbox.put(...numbered('u', 250));
    post.keeperAway = true;
    replay.start();
    await rig.pass(2000);
    expect(client.received).toHaveLength(200);
    client.acknowledge();
    await rig.pass(2000);
    expect(client.received).toHaveLength(250);
  });

  it('leaves room to what the client has to acknowledge elsewhere', async () => {
    const { post, client, replay } = bounded(3);
    post.mailbox.put(...numbered('u', 5));
    replay.start();
    rig.publish('l1', 'l2');
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1', 'u2', 'u3']);
    client.acknowledge(2);
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1', 'u2', 'u3', 'u4', 'u5']);
    client.acknowledge(1);
    await rig.pass(1000);
    expect(client.texts.slice(5)).toEqual(['l1']);
    client.acknowledge();
    await rig.pass(1000);
    expect(client.texts.slice(6)).toEqual(['l2']);
  });

  it('puts back what it took when the room was used up meanwhile', async () => {
    const { post, client, replay } = bounded(3);
    post.mailbox.put(...numbered('u', 5));
    post.delays = [10];
    replay.start();
    await rig.pass(5);
    client.most = 1;
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1']);
    expect(post.mailbox.waiting).toEqual(['u4', 'u5']);
    client.most = 3;
    client.acknowledge();
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1', 'u2', 'u3', 'u4']);
  });
});

it('does not begin behind a message that is on its way back', async () => {
  const { post, client, replay } = bounded(3);
  post.mailbox.put('u1', 'u2', 'u3');
  post.delays = [10];
  replay.start();
  await rig.pass(5);
  client.most = 0;
  await rig.pass(20);
  client.most = 3;
  client.acknowledge();
  await rig.pass(1000);
  expect(client.texts).toEqual(['u1', 'u2', 'u3']);
});

describe('live messages that wait', () => {
  it('are too many at more than 500', () => {
    const { client, replay } = rig;
    replay.start();
    rig.publish(...numbered('l', 500));
    expect(client.overflows).toBe(0);
    rig.publish('l501');
    expect(client.overflows).toBe(1);
  });

  it('wait five minutes at most, from the first on', async () => {
    const { post, client, replay } = rig;
    post.away = true;
    replay.start();
    await rig.pass(200_000);
    rig.publish('l1');
    await rig.pass(299_999);
    rig.publish('l2');
    expect(client.overflows).toBe(0);
    await rig.pass(1);
    expect(client.overflows).toBe(1);
  });

  it('end their time when they are delivered', async () => {
    const { client, replay } = rig;
    replay.start();
    rig.publish('l1');
    await rig.pass(1_000_000);
    expect([client.texts, client.overflows]).toEqual([['l1'], 0]);
  });
});

describe('while the broker is away', () => {
  it('nothing is lost, and what was not proved comes again', async () => {
    const { post, client, replay } = rig;
    post.mailbox.put('u1', 'u2', 'u3');
    replay.start();
    await rig.pass(100);
    client.acknowledge(1);
    post.cut();
    await rig.pass(3000);
    expect(client.texts).toEqual(['u1', 'u2', 'u3']);
    // Of the earlier connection: nobody can be told any more.
    client.acknowledge();
    post.back();
    await rig.pass(1000);
    expect(client.texts.slice(3)).toEqual(['u1', 'u2', 'u3']);
    client.acknowledge();
    await rig.pass(100);
    expect(post.mailbox.unread).toEqual([]);
  });

  it('it can begin, and is not ended by a binding that failed', async () => {
    const { post, client, replay } = rig;
    post.mailbox.put('u1');
    post.away = true;
    post.feed.failure = new Error('the channel has ended');
    replay.start();
    await rig.pass(2000);
    post.back();
    await rig.pass(1000);
    expect(client.texts).toEqual(['u1']);
  });
});

describe('the end', () => {
  it('leaves what was delivered to be proved: it is no duplicate for the next session', async () => {
    const { post, client, replay } = rig;
    post.mailbox.put('u1', 'u2');
    replay.start();
    await rig.pass(100);
    replay.end();
    await rig.pass(100);
    client.acknowledge(1);
    client.releaseAll();
    await rig.pass(100);
    expect(post.mailbox.waiting).toEqual(['u2']);
  });

  it('gives back what was held behind what was delivered: unread mail has an order, too', async () => {
    const { client, replay, live } = bounded(2);
    replay.start();
    rig.publish('l1', 'l2', 'l3', 'l4');
    await rig.pass(100);
    expect(client.texts).toEqual(['l1', 'l2']);
    rig.end();
    await rig.pass();
    expect(live.refused).toEqual(['l1', 'l2', 'l3', 'l4']);
  });

  it('gives back what is handed to it after it has ended', async () => {
    const { client, replay, live } = rig;
    replay.start();
    rig.publish('l1');
    rig.end();
    // The hub serves a copy of its list of takers.
    rig.publish('l2');
    await rig.pass();
    expect([client.texts, live.refused]).toEqual([[], ['l1', 'l2']]);
  });

  it('puts back what was being taken', async () => {
    const { post, client, replay } = rig;
    post.mailbox.put('u1', 'u2');
    post.delays = [50];
    replay.start();
    await rig.pass(10);
    replay.end();
    await rig.pass(1000);
    expect(client.texts).toEqual([]);
    expect(post.mailbox.waiting).toEqual(['u1', 'u2']);
  });

  it.each([0, 30, 700])('stops everything, after %d ms', async (ms) => {
    const { post, replay } = rig;
    post.mailbox.put(...numbered('u', 300));
    post.keeperAway = true;
    post.delays = [20];
    replay.start();
    rig.publish('l1');
    await rig.pass(ms);
    rig.end();
    await rig.pass(100);
    const { takes } = post;
    expect(vi.getTimerCount()).toBe(0);
    post.changes.received('alice', ['x']);
    post.changes.missed();
    await rig.pass(10_000);
    expect(post.takes).toBe(takes);
    expect(post.feed.following).toEqual([]);
  });

  it('may come before the beginning', async () => {
    const { post, replay } = rig;
    replay.end();
    replay.start();
    await rig.pass(1000);
    expect([post.takes, post.feed.following]).toEqual([0, []]);
  });
});

it('gives every message an id of its own, also to a subscription that has the name of an earlier one', async () => {
  const ids: string[] = [];
  for (const one of [new ReplayRig(), new ReplayRig()]) {
    one.post.mailbox.put('u1', 'u2');
    one.replay.start();
    await one.pass(100);
    ids.push(...one.client.received.map(({ id }) => id));
    one.end();
  }
  expect(new Set(ids).size).toBe(4);
});
