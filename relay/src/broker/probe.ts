import type { Channel, ChannelModel } from 'amqplib';

export interface QueueState {
  /** Messages that nobody has taken. */
  messages: number;
  consumers: number;
}

/** AMQP's reply code for an object that does not exist (AMQP 0-9-1, Reply codes). */
const NOT_FOUND = 404;

export function isNotFound(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === NOT_FOUND && !isDown(error);
}

/** A queue that is there, on a broker that is not: RabbitMQ gives the same code for it. */
export function isDown(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === NOT_FOUND && /is down or inaccessible|is stopped by supervisor/.test(String(message));
}

/** Asks how queues are. The broker closes the channel on which a missing queue is asked for, so this has its own. */
export class Probe {
  private channel: Channel | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly connection: ChannelModel) {}

  /** Undefined when there is no such queue. One question after the other. */
  look(queue: string): Promise<QueueState | undefined> {
    const answer = this.last.then(() => this.ask(queue));
    this.last = answer.catch(() => {});
    return answer;
  }

  private async ask(queue: string): Promise<QueueState | undefined> {
    this.channel ??= await openQuietly(this.connection);
    try {
      const { messageCount, consumerCount } = await this.channel.checkQueue(queue);
      return { messages: messageCount, consumers: consumerCount };
    } catch (error) {
      this.channel = undefined;
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** A channel whose errors are those of the calls that cause them. */
export async function openQuietly(connection: ChannelModel): Promise<Channel> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  return channel;
}
