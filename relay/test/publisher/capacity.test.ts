import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capacity } from '../../publisher/capacity.js';
import { Fifo } from '../../publisher/fifo.js';

const noop = () => {};

describe('the room for messages', () => {
  test('is never overdrawn, and given out in the order of the calls', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 0, max: 40 }) }),
        fc.record({ kind: fc.constant('release' as const), index: fc.nat(20) }),
        fc.record({ kind: fc.constant('cancel' as const), index: fc.nat(20) }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const capacity = new Capacity({ messages: 4, bytes: 100 }, 'wait');
        const entered: { number: number; bytes: number }[] = [];
        const order: number[] = [];
        const cancels = new Map<number, () => void>();
        const cancelled: number[] = [];
        let asked = 0;
        for (const step of list) {
          if (step.kind === 'take') {
            asked += 1;
            const number = asked;
            const enter = () => {
              cancels.delete(number);
              order.push(number);
              entered.push({ number, bytes: step.bytes });
            };
            const cancel = capacity.take(step.bytes, enter);
            if (!order.includes(number)) cancels.set(number, cancel);
          } else if (step.kind === 'release') {
            const [one] = entered.splice(step.index % Math.max(1, entered.length), 1);
            if (one) capacity.release(1, one.bytes);
          } else {
            const [number, cancel] = [...cancels][step.index % Math.max(1, cancels.size)] ?? [];
            if (number !== undefined) cancels.delete(number);
            if (number !== undefined) cancelled.push(number);
            cancel?.();
          }
          const bytes = entered.reduce((sum, one) => sum + one.bytes, 0);
          expect(capacity.held).toEqual({ messages: entered.length, bytes });
          expect(entered.length).toBeLessThanOrEqual(4);
          expect(bytes).toBeLessThanOrEqual(100);
        }
        for (let one = entered.shift(); one; one = entered.shift()) capacity.release(1, one.bytes);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect([...order, ...cancelled].sort((a, b) => a - b)).toEqual(
          Array.from({ length: asked }, (_, index) => index + 1),
        );
      }),
    );
  });

  test('is there for one that is larger than all of it, when nothing else is held', () => {
    const capacity = new Capacity({ messages: 4, bytes: 100 }, 'wait');
    const order: string[] = [];
    capacity.take(10, () => order.push('small'));
    capacity.take(500, () => order.push('large'));
    capacity.take(1, () => order.push('after'));
    expect(order).toEqual(['small']);
    capacity.release(1, 10);
    expect(order).toEqual(['small', 'large']);
    capacity.release(1, 500);
    expect(order).toEqual(['small', 'large', 'after']);
  });

  test('is told to those who only ask', async () => {
    const capacity = new Capacity({ messages: 1, bytes: 100 }, 'reject');
    await capacity.room(1);
    capacity.take(5, noop);
    let told = false;
    const room = capacity.room(1).then(() => {
      told = true;
    });
    await Promise.resolve();
    expect(told).toBe(false);
    expect(() => capacity.take(1, noop)).toThrow('1 messages with 5 bytes');
    capacity.release(1, 5);
    await room;
    expect(capacity.held).toEqual({ messages: 0, bytes: 0 });
  });
});

test('a queue is one, however it is used', () => {
  const steps = fc.array(
    fc.oneof(fc.constant('shift'), fc.integer(), fc.array(fc.integer(), { maxLength: 3 })),
    {
      maxLength: 50,
    },
  );
  fc.assert(
    fc.property(steps, fc.nat(3000), (list, before) => {
      const queue = new Fifo<number>();
      const model: number[] = [];
      // Long enough that what was taken is let go of.
      for (let n = 0; n < before; n += 1) queue.push(n);
      for (let n = 0; n < before; n += 1) expect(queue.shift()).toBe(n);
      for (const step of list) {
        if (step === 'shift') expect(queue.shift()).toBe(model.shift());
        else if (typeof step === 'number') {
          queue.push(step);
          model.push(step);
        } else if (Array.isArray(step)) {
          queue.prepend(step);
          model.unshift(...step);
        }
        expect(queue.size).toBe(model.length);
        expect(queue.first).toBe(model[0]);
      }
    }),
  );
});
