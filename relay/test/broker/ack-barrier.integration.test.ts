import type { ConsumeMessage } from 'amqplib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acknowledgementsArrived } from '../../src/broker/ack-barrier.js';
import { Service } from '../support/amqp.js';
import { unique } from '../support/relay.js';
import { numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

const COUNT = 1000;

let leaving: Service;
let staying: Service;
let queue: string;

beforeEach(async () => {
  [leaving, staying] = await Promise.all([Service.open(), Service.open()]);
  queue = unique('barrier');
  await staying.channel.assertQueue(queue, {
    arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
  });
  for (const body of numbered(COUNT)) staying.post('', queue, body);
  await staying.settled();
});

afterEach(async () => {
  await staying.channel.deleteQueue(queue);
  await Promise.all([leaving.close(), staying.close()]);
});

/** The messages of the queue as a consumer gets them; `settle` is called with each. */
async function consume(
  service: Service,
  settle: (message: ConsumeMessage) => void,
): Promise<ConsumeMessage[]> {
  const got: ConsumeMessage[] = [];
  await service.channel.prefetch(COUNT);
  await service.channel.consume(queue, (message) => {
    if (!message) return;
    got.push(message);
    settle(message);
  });
  return got;
}

it.each([1, 2, 3])(
  'has a burst of acknowledgements arrive before the channel is closed, time %i',
  async () => {
    const got = await consume(leaving, () => {});
    await waitFor(() => got.length === COUNT, { what: 'all messages' });
    const next = await consume(staying, (message) => staying.channel.ack(message));
    const kept = 100;
    for (const message of got.slice(0, -kept)) leaving.channel.ack(message);
    await acknowledgementsArrived(leaving.channel, queue);
    await leaving.channel.close();
    staying.post('', queue, 'last');
    await waitFor(() => next.at(-1)?.content.toString() === 'last', { what: 'the last message' });
    // The next consumer gets exactly what was not acknowledged, in its order.
    const expected = [...numbered(COUNT).slice(-kept), 'last'];
    expect(next.map(({ content }) => content.toString())).toEqual(expected);
  },
);
