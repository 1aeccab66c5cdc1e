import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { isDown, openQuietly } from './probe.js';
import { names } from './topology.js';

/**
 * Counts what the broker drops out of mailboxes, because they are full (`maxlen`) or it is too old (`expired`): it
 * dead-letters those messages, and this is where they end.
 */
export async function countDropped(
  connection: ChannelModel,
  onDropped: (reason: string) => void,
): Promise<void> {
  const channel = await openQuietly(connection);
  const count = (message: ConsumeMessage | null) => {
    const deaths: { reason?: unknown }[] = message?.properties.headers?.['x-death'] ?? [];
    if (message) onDropped(deaths[0]?.reason === 'expired' ? 'expired' : 'maxlen');
  };
  try {
    await channel.consume(names.dropped, count, { noAck: true });
  } catch (error) {
    if (!isDown(error)) throw error;
  }
}
