import type { Amqp } from './amqp.js';
import type { Database } from './database.js';
import { type Log, reasonOf } from './log.js';
import type { Outgoing } from './messages.js';

export const OUTBOX_SCHEMA =
  'CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL);';

const BATCH = 100;

/**
 * Messages that belong to a change of the database: written in the same transaction, published after it, removed with
 * the broker's confirm. A service that dies in between publishes them when it is back, with the same ids.
 */
export class Outbox {
  private pumping: Promise<void> | undefined;
  private wanted = false;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly amqp: () => Pick<Amqp, 'publish'>,
    private readonly log: Log,
  ) {}

  put(...messages: Outgoing[]): void {
    for (const message of messages) {
      this.database.run('INSERT INTO outbox (message) VALUES (?)', JSON.stringify(message));
    }
  }

  /** Publishes what is there, in order. To be called after the transaction. */
  flush(): void {
    this.wanted = true;
    this.pumping ??= this.pump();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.pumping;
  }

  private async pump(): Promise<void> {
    try {
      // What is put while the last look comes to its end is seen by the next one.
      while (this.wanted && !this.closed) {
        this.wanted = false;
        await this.drain();
      }
    } catch (error) {
      this.log.warn('the outbox cannot be emptied', { reason: reasonOf(error) });
    } finally {
      this.pumping = undefined;
    }
  }

  private async drain(): Promise<void> {
    for (;;) {
      const rows = this.database.all<{ seq: number; message: string }>(
        `SELECT seq, message FROM outbox ORDER BY seq LIMIT ${BATCH}`,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      const messages = rows.map(({ message }): Outgoing => JSON.parse(message));
      const sent = await Promise.all(messages.map((message) => this.publish(message)));
      // What was not published now is published by the next one who opens this database.
      if (sent.includes(false)) return;
      this.database.run('DELETE FROM outbox WHERE seq <= ?', last.seq);
    }
  }

  /** @returns false when the service ends before */
  private async publish(message: Outgoing): Promise<boolean> {
    try {
      await this.amqp().publish(message);
      return true;
    } catch (error) {
      if (this.closed) return false;
      // It would stand in the way of all the others for good.
      this.log.warn('a message cannot be published', { key: message.key, reason: reasonOf(error) });
      return true;
    }
  }
}
