import { type Deferred, deferred } from './deferred.js';
import { RelayError } from './errors.js';
import type { Link } from './link.js';
import { randomId } from './random.js';
import type { SendOptions } from './types.js';

export const SEND_TIMEOUT_MS = 30_000;
/** What may wait for a connection: frames, and bytes of bodies. */
const MOST_FRAMES = 1000;
const MOST_BYTES = 1024 * 1024;

interface Entry {
  readonly destination: string;
  readonly body: string;
  readonly bytes: number;
  /** With the id by which receivers know it when it is sent twice. */
  readonly headers: Readonly<Record<string, string>>;
  readonly done: Deferred<void>;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Names it in an ERROR, while it is on its way. */
  receipt: string | undefined;
}

/** What was sent and is not confirmed, in the order in which it was sent. */
export class Outbox {
  private readonly entries = new Set<Entry>();
  private bytes = 0;
  private link: Link | undefined;

  send(destination: string, body: string, options: SendOptions = {}): Promise<void> {
    const { headers = {}, timeout = SEND_TIMEOUT_MS } = options;
    const bytes = new TextEncoder().encode(body).length;
    if (!this.link && (this.entries.size >= MOST_FRAMES || this.bytes + bytes > MOST_BYTES)) {
      return Promise.reject(
        new RelayError(
          'ERR_QUEUE_FULL',
          `there is no connection, and too much waits for one already (${MOST_FRAMES} frames or 1 MiB)`,
        ),
      );
    }
    const entry: Entry = {
      destination,
      body,
      bytes,
      headers: { 'amqp-message-id': randomId(), ...headers },
      done: deferred(),
      timer: undefined,
      receipt: undefined,
    };
    entry.timer = setTimeout(() => this.expire(entry, timeout), timeout);
    this.entries.add(entry);
    this.bytes += bytes;
    this.transmit(entry);
    return entry.done.promise;
  }

  up(link: Link): void {
    this.link = link;
    for (const entry of this.entries) this.transmit(entry);
  }

  down(): void {
    this.link = undefined;
  }

  /** True when the ERROR is about one of these, which is not sent again. */
  refused(receipt: string, error: RelayError): boolean {
    for (const entry of this.entries) {
      if (entry.receipt !== receipt) continue;
      this.settle(entry)?.reject(error);
      return true;
    }
    return false;
  }

  /** Gives everything up. */
  close(error: RelayError): void {
    for (const entry of this.entries) this.settle(entry)?.reject(error);
  }

  private transmit(entry: Entry): void {
    if (!this.link?.isOpen) return;
    const { destination, body, headers } = entry;
    entry.receipt = this.link.send(destination, body, headers, () => this.settle(entry)?.resolve());
  }

  private expire(entry: Entry, timeout: number): void {
    const state = entry.receipt === undefined ? 'was not sent' : 'was sent, but not confirmed';
    const message = `the message to ${entry.destination} ${state} within ${timeout} ms`;
    this.settle(entry)?.reject(new RelayError('ERR_TIMEOUT', message));
  }

  private settle(entry: Entry): Deferred<void> | undefined {
    if (!this.entries.delete(entry)) return undefined;
    clearTimeout(entry.timer);
    this.bytes -= entry.bytes;
    return entry.done;
  }
}
