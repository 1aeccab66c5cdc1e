import type { Channel } from 'amqplib';

/**
 * Resolves once a quorum queue with a single active consumer has every acknowledgement that was sent on this channel.
 *
 * Of a burst, the broker passes 32 on to the queue. The rest waits with the channel until those are written to disk, and
 * closing the channel drops it: of 200 messages that were acknowledged, 167 came again (rabbitmq-server, issue 10327). A
 * consumer that is added gets its answer from the queue itself, behind the first of them, upon which the rest follows.
 * It only waits its turn behind the active one, and ends with the channel.
 */
export async function acknowledgementsArrived(channel: Channel, queue: string): Promise<void> {
  await channel.consume(queue, () => {});
}
