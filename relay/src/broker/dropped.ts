import type { ChannelModel } from 'amqplib';
import { names } from './topology.js';

/**
 * Counts what the broker drops out of mailboxes, because they are full (`maxlen`) or it is too old (`expired`): it
 * dead-letters those messages, and this is where they end.
 */
export async function countDropped(
  connection: ChannelModel,
  onDropped: (reason: string) => void,
): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await channel.consume(
    names.dropped,
    (message) => {
      const deaths: { reason?: unknown }[] = message?.properties.headers?.['x-death'] ?? [];
      if (message) onDropped(deaths[0]?.reason === 'expired' ? 'expired' : 'maxlen');
    },
    { noAck: true },
  );
}
