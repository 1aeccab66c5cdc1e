import type { Channel, ChannelModel } from 'amqplib';
import type { Logger } from '../logger.js';
import { names, nodeExchangeName } from './topology.js';

interface Binding {
  /** How many subscriptions want it; 0 while the unbind is still to be confirmed. */
  wanted: number;
  bound: Promise<void>;
  confirm: () => void;
}

/**
 * The routes to this relay's node: one binding per user and destination, counted. They are the only record of who is online.
 *
 * A key always goes over the same channel, so that a bind after an unbind of the same key stays behind it.
 * While the broker is away, calls wait; on the next connection every wanted key is bound again and every
 * unwanted one that may still be there is unbound.
 */
export class Bindings {
  private readonly table = new Map<string, Binding>();
  private channels: Channel[] = [];
  private generation = 0;

  constructor(
    private readonly node: { readonly name: string },
    private readonly channelCount: number,
    private readonly log: Logger,
    private readonly onBroken: (error: Error) => void,
  ) {}

  get size(): number {
    return this.table.size;
  }

  /** Resolves once the broker has confirmed the binding: from then on no message can be missed. */
  add(key: string): Promise<void> {
    const present = this.table.get(key);
    if (present && present.wanted > 0) {
      present.wanted++;
      return present.bound;
    }
    const binding = pending(1);
    present?.confirm();
    this.table.set(key, binding);
    this.request(key, binding);
    return binding.bound;
  }

  remove(key: string): void {
    const binding = this.table.get(key);
    if (!binding || binding.wanted === 0) return;
    if (--binding.wanted > 0) return;
    // Whoever still waits for the confirmation has given the subscription up itself.
    binding.confirm();
    this.request(key, binding);
  }

  /** Runs on every connection, after the node was declared. */
  async restore(connection: ChannelModel): Promise<void> {
    const generation = ++this.generation;
    this.channels = [];
    const opened = await Promise.all(
      Array.from({ length: this.channelCount }, async () => {
        const channel = await connection.createChannel();
        channel.on('error', (error: Error) => this.onBroken(error));
        return channel;
      }),
    );
    if (generation !== this.generation) return;
    this.channels = opened;
    // Awaited themselves, not through `bound`: when this connection goes too, they reject and the next one is tried.
    await Promise.all([...this.table].map(([key, binding]) => this.apply(key, binding)));
  }

  private request(key: string, binding: Binding): void {
    this.apply(key, binding).catch((error: Error) =>
      this.log.debug(
        { error: error.message },
        'a binding was interrupted; the next connection does it again',
      ),
    );
  }

  /** Makes the broker's side what is wanted here; does nothing while there is no channel. */
  private async apply(key: string, binding: Binding): Promise<void> {
    const channel = this.channelOf(key);
    if (!channel) return;
    if (binding.wanted > 0) {
      await channel.bindExchange(nodeExchangeName(this.node.name), names.users, key);
      binding.confirm();
    } else {
      await channel.unbindExchange(nodeExchangeName(this.node.name), names.users, key);
      if (this.table.get(key) === binding) this.table.delete(key);
    }
  }

  private channelOf(key: string): Channel | undefined {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
    return this.channels[(hash >>> 0) % Math.max(1, this.channels.length)];
  }
}

function pending(wanted: number): Binding {
  let confirm = () => {};
  const bound = new Promise<void>((resolve) => {
    confirm = resolve;
  });
  return { wanted, bound, confirm };
}
