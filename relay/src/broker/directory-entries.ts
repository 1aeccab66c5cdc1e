import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { directoryQueues } from './topology.js';

/** What stands for a user in the keys of relay nodes; no user's word has a `*` in it. */
export const NODES = '*';

/** The first word of an entry's key. */
export function ownerOf(key: string): string {
  return key.slice(0, key.indexOf('.'));
}

export function directoryQueueOf(owner: string): string {
  let hash = 0;
  for (let i = 0; i < owner.length; i++) hash = (hash * 31 + owner.charCodeAt(i)) | 0;
  return directoryQueues[(hash >>> 0) % directoryQueues.length] as string;
}

/** Writes into the directory that something is there, or gone; resolves when that cannot be lost any more. */
export function writeEntry(channel: ConfirmChannel, type: 'there' | 'gone', key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = directoryQueueOf(ownerOf(key));
    channel.publish('', queue, Buffer.from(key), { type, persistent: true }, (error: unknown) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** Enters a relay's node, so that another relay clears it away when this one dies. */
export async function enterNode(connection: ChannelModel, name: string): Promise<void> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  await writeEntry(channel, 'there', `${NODES}.${name}`);
  await channel.close();
}
