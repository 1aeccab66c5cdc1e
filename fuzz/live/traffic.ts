import type { ConfirmChannel } from 'amqplib';
import { OWN } from './audit.js';

const EVERY_MS = 5;
const KEYS = ['fuzz.a', 'fuzz.b', 'fuzz.a.b'];

/** A service that is busy on topics which fuzzing clients may read, so that they come and go while messages are on their way. */
export class Traffic {
  /** Messages that this has published; the audit sees as many. */
  published = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly channel: ConfirmChannel,
    /** Value of the header OWN, which clients may see. */
    private readonly mark: string,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      try {
        const key = KEYS[this.published % KEYS.length] ?? '';
        this.channel.publish('amq.topic', key, Buffer.from('traffic'), { headers: { [OWN]: this.mark } });
        this.published++;
      } catch {
        // The channel has ended, which the run reports.
        this.stop();
      }
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
