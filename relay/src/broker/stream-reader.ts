import { randomBytes } from 'node:crypto';
import type { Channel, ConsumeMessage } from 'amqplib';
import { withTimeout } from '../util/timeout.js';

export interface StreamEvents {
  /** @param live false for what was there before the stream was opened */
  onMessage(message: ConsumeMessage, offset: number, live: boolean): void;
  /** Everything that was there has been given to `onMessage`. */
  onCaughtUp(): void;
  /** The stream was deleted. */
  onBroken(error: Error): void;
}

/** Messages that the broker sends ahead. */
const PREFETCH = 1000;
const CONFIRM_EVERY = 250;
/** 100,000 messages take some 5 s, with what is done with them. */
const REPLAY_MS = 60_000;
const RESUME_MS = 5000;
/** The type of the message that a reader writes behind what it has not read yet. */
const MARK = 'mark';

/** Reads a stream from its beginning and follows it; over another connection it goes on where it was. */
export class StreamReader {
  /** The message read last; its body tells whether it is still the same stream. */
  private last: { offset: number; body: string } | undefined;

  constructor(
    private readonly queue: string,
    private readonly events: StreamEvents,
  ) {}

  /**
   * Resolves when all is read that was there.
   * @throws Error when it cannot be, after which the stream is read from its beginning again: one that was made anew may
   *   be shorter than the old one, and then the broker sends nothing at all to whoever asks for what comes later.
   */
  async open(channel: Channel): Promise<void> {
    const from = this.last;
    try {
      await channel.prefetch(PREFETCH);
      await withTimeout(this.read(channel, from), from ? RESUME_MS : REPLAY_MS, `reading ${this.queue}`);
    } catch (error) {
      this.last = undefined;
      throw error;
    }
  }

  /** The end is where a mark of our own comes: how long a stream is, the broker tells too late. */
  private async read(channel: Channel, from: StreamReader['last']): Promise<void> {
    const mark = randomBytes(12).toString('base64url');
    let live = false;
    let expected = from;
    let unconfirmed = 0;
    const reached = new Promise<void>((resolve, reject) => {
      channel.once('close', () => reject(new Error('the channel was closed')));
      const receive = (message: ConsumeMessage | null) => {
        if (!message) return this.events.onBroken(new Error(`${this.queue} was deleted`));
        // Every message would double the time; but none may wait for half an hour, or the broker closes the channel.
        if (live || ++unconfirmed >= CONFIRM_EVERY) {
          acknowledge(channel, message);
          unconfirmed = 0;
        }
        const offset = Number(message.properties.headers?.['x-stream-offset']);
        const body = message.content.toString();
        if (expected) {
          const isSame = offset === expected.offset && body === expected.body;
          expected = undefined;
          if (!isSame) {
            reject(new Error(`${this.queue} is another one now`));
            channel.close().catch(() => {});
          }
          return;
        }
        this.last = { offset, body };
        const { type, correlationId } = message.properties;
        if (type !== MARK) {
          this.events.onMessage(message, offset, live);
        } else if (correlationId === mark) {
          live = true;
          acknowledge(channel, message);
          this.events.onCaughtUp();
          resolve();
        }
      };
      const start = { 'x-stream-offset': from?.offset ?? 'first' };
      channel
        .consume(this.queue, receive, { arguments: start })
        .then(() => {
          const options = { type: MARK, correlationId: mark, persistent: true };
          // In the body as well, by which a stream is told from another.
          channel.sendToQueue(this.queue, Buffer.from(JSON.stringify(mark)), options);
        })
        .catch(reject);
    });
    await reached;
  }
}

/** All up to this one. With a stream this only asks for more. */
function acknowledge(channel: Channel, message: ConsumeMessage): void {
  try {
    channel.ack(message, true);
  } catch {
    // The channel is being closed; another one reads on.
  }
}
