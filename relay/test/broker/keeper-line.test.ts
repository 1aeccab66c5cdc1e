import type { ConsumeMessage } from 'amqplib';
import { expect, it } from 'vitest';
import { Line, type Store } from '../../src/broker/keeper-line.js';

function store(line: Line, deliveryTag: number): Store {
  const message = { fields: { deliveryTag } } as ConsumeMessage;
  return {
    ...{ kind: 'store', id: String(deliveryTag), line, message, properties: {} },
    ...{ returned: false, attempts: 0 },
  };
}

it('puts what came back in front, in the order of the intake', () => {
  const line = new Line('alice.x');
  const [one, two, nine, ten] = [1, 2, 9, 10].map((tag) => store(line, tag));
  if (!one || !two || !nine || !ten) throw new Error('four jobs');
  const command = { kind: 'command', command: 'passed', message: ten.message } as const;
  line.waiting.push(ten, command);
  line.again.push(nine, two, one);
  expect(line.takeAgain()).toBe(one);
  expect(line.waiting).toEqual([one, two, nine, ten, command]);
  expect(line.again).toEqual([]);
  expect(line.takeAgain()).toBeUndefined();
  expect(line.waiting).toHaveLength(5);
});

it('is idle only when nothing of it is left anywhere', () => {
  const line = new Line('alice.x');
  const job = store(line, 1);
  const steps: [() => void, () => void][] = [
    [() => line.waiting.push(job), () => line.waiting.pop()],
    [() => line.again.push(job), () => line.again.pop()],
    [() => line.inFlight++, () => line.inFlight--],
    [
      () => {
        line.busy = true;
      },
      () => {
        line.busy = false;
      },
    ],
  ];
  for (const [occupy, free] of steps) {
    expect(line.isIdle).toBe(true);
    occupy();
    expect(line.isIdle).toBe(false);
    free();
  }
  expect(line.isIdle).toBe(true);
});
