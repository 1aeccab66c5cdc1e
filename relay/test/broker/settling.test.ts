import type { ConsumeMessage } from 'amqplib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Settling } from '../../src/broker/settling.js';

/** The side of the broker: settling takes until the test says how it ended. */
class Metadata {
  readonly acked: string[] = [];
  readonly failures: string[] = [];
  /** How many times settling was begun. */
  begun = 0;
  private ends: { succeed(): void; fail(error: unknown): void }[] = [];
  readonly settling = new Settling(
    () => {
      this.begun++;
      return new Promise<void>((succeed, fail) => this.ends.push({ succeed, fail }));
    },
    ({ content }) => this.acked.push(content.toString()),
    ({ message }) => this.failures.push(message),
  );

  get underWay(): number {
    return this.ends.length;
  }

  stored(key: string, name: string): void {
    this.settling.stored(key, { content: Buffer.from(name) } as ConsumeMessage);
  }

  /** Ends the settling that began first. */
  async finish(error?: unknown): Promise<void> {
    const end = this.ends.shift();
    if (error === undefined) end?.succeed();
    else end?.fail(error);
    await vi.advanceTimersByTimeAsync(0);
  }
}

let broker: Metadata;
const gathered = () => vi.advanceTimersByTimeAsync(50);

beforeEach(() => {
  vi.useFakeTimers();
  broker = new Metadata();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a message', () => {
  it('of a mailbox that is settled is acknowledged at once', () => {
    broker.stored('a.x', '1');
    expect(broker.acked).toEqual(['1']);
  });

  it('of a new mailbox is acknowledged when that is settled, with all that were made about then', async () => {
    broker.settling.created('a.x');
    broker.stored('a.x', '1');
    await vi.advanceTimersByTimeAsync(49);
    broker.settling.created('b.x');
    broker.stored('b.x', '2');
    expect(broker.begun).toBe(0);
    await gathered();
    expect([broker.begun, broker.acked]).toEqual([1, []]);
    broker.stored('a.x', '3');
    await broker.finish();
    expect(broker.acked).toEqual(['1', '2', '3']);
    broker.stored('b.x', '4');
    expect(broker.acked).toEqual(['1', '2', '3', '4']);
    await gathered();
    expect(broker.begun).toBe(1);
  });

  it('of a mailbox that was made while others are settled waits for the next time', async () => {
    broker.settling.created('a.x');
    await gathered();
    broker.settling.created('b.x');
    broker.stored('b.x', '1');
    await broker.finish();
    expect(broker.acked).toEqual([]);
    await gathered();
    await broker.finish();
    expect(broker.acked).toEqual(['1']);
  });

  it('of a mailbox that was removed and made again meanwhile waits for the next time, too', async () => {
    broker.settling.created('a.x');
    broker.stored('a.x', '1');
    await gathered();
    broker.settling.created('a.x');
    broker.stored('a.x', '2');
    await broker.finish();
    expect(broker.acked).toEqual(['1']);
    await gathered();
    await broker.finish();
    expect(broker.acked).toEqual(['1', '2']);
  });

  it('is not acknowledged when settling fails; the next mailboxes are settled all the same', async () => {
    broker.settling.created('a.x');
    broker.stored('a.x', '1');
    await gathered();
    broker.settling.created('b.x');
    broker.stored('b.x', '2');
    await broker.finish('no connection');
    expect(broker).toMatchObject({ acked: [], failures: ['no connection'] });
    await gathered();
    await broker.finish();
    expect(broker.acked).toEqual(['2']);
  });
});

describe('done', () => {
  /** Whether it has resolved. */
  function done(): () => boolean {
    let resolved = false;
    void broker.settling.done().then(() => {
      resolved = true;
    });
    return () => resolved;
  }

  it('resolves at once when nothing is held back', async () => {
    const resolved = done();
    await vi.advanceTimersByTimeAsync(0);
    expect([resolved(), broker.begun]).toEqual([true, 0]);
  });

  it('settles without waiting for more', async () => {
    broker.settling.created('a.x');
    broker.stored('a.x', '1');
    const resolved = done();
    expect([resolved(), broker.begun]).toEqual([false, 1]);
    await broker.finish();
    expect([resolved(), broker.acked]).toEqual([true, ['1']]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for what is under way, and for what was made meanwhile', async () => {
    broker.settling.created('a.x');
    await gathered();
    broker.settling.created('b.x');
    broker.stored('b.x', '1');
    const resolved = done();
    await broker.finish();
    expect([resolved(), broker.begun]).toEqual([false, 2]);
    await broker.finish();
    expect([resolved(), broker.acked]).toEqual([true, ['1']]);
  });

  it('does not begin anew while it settles, whatever is made meanwhile', async () => {
    broker.settling.created('a.x');
    broker.stored('a.x', '1');
    done();
    broker.settling.created('b.x');
    broker.stored('b.x', '2');
    await gathered();
    expect(broker.underWay).toBe(1);
    await broker.finish();
    expect(broker.acked).toEqual(['1']);
    await gathered();
    await broker.finish();
    expect(broker.acked).toEqual(['1', '2']);
  });
});

type Step =
  | { kind: 'created' | 'stored'; key: string }
  | { kind: 'wait'; ms: number }
  | { kind: 'finish'; works: boolean }
  | { kind: 'done' };

it('acknowledges each message once, and only after a settling that began after its mailbox was made', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ kind: fc.constant('created' as const), key }),
    fc.record({ kind: fc.constant('stored' as const), key }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ kind: fc.constant('finish' as const), works: fc.boolean() }),
    fc.constant({ kind: 'done' as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      broker = new Metadata();
      /** Which settling is the first that is good for the mailbox. */
      const goodFrom = new Map<string, number>();
      const needs = new Map<string, number>();
      let lastGood = 0;
      let worked = true;
      const check = () => {
        expect(broker.underWay).toBeLessThanOrEqual(1);
        expect(new Set(broker.acked).size).toBe(broker.acked.length);
        for (const name of broker.acked) expect(needs.get(name)).toBeLessThanOrEqual(lastGood);
      };
      const finish = async (works: boolean) => {
        if (broker.underWay === 0) return;
        worked &&= works;
        // After a failure everything is made anew, so what it says then is of no interest.
        if (works && worked) lastGood = broker.begun;
        await broker.finish(works ? undefined : 'no');
      };
      for (const one of steps) {
        if (!worked) break;
        if (one.kind === 'created') {
          goodFrom.set(one.key, broker.begun + 1);
          broker.settling.created(one.key);
        } else if (one.kind === 'stored') {
          const name = String(needs.size);
          needs.set(name, goodFrom.get(one.key) ?? 0);
          broker.stored(one.key, name);
        } else if (one.kind === 'wait') await vi.advanceTimersByTimeAsync(one.ms);
        else if (one.kind === 'finish') await finish(one.works);
        else void broker.settling.done();
        check();
      }
      for (let round = 0; worked && round < 3; round++) {
        await gathered();
        await finish(true);
      }
      check();
      if (worked) expect([...broker.acked].sort()).toEqual([...needs.keys()].sort());
    }),
  );
});
