import { createLogger } from '../logger.js';
import { type Frame, header } from '../stomp/frame.js';
import { Link, type LinkOptions } from '../upstream/link.js';
import { withTimeout } from '../util/timeout.js';

/** Web-STOMP does not let us in. */
export class LinkError extends Error {
  constructor(
    message: string,
    /** Login, TLS: nothing changes by trying again. */
    readonly refused: boolean,
  ) {
    super(message);
  }
}

/** A link like those of the relay, which ends with the first trouble. */
export class StompVisit {
  private readonly link: Link;
  private readonly waiting = new Map<string, (frame: Frame) => void>();
  private fail: (error: LinkError) => void = () => {};
  private readonly failed = new Promise<never>((_, reject) => {
    this.fail = reject;
  });

  private constructor(
    options: Omit<LinkOptions, 'log' | 'name'>,
    private readonly timeout: number,
    onUp: () => void,
  ) {
    this.failed.catch(() => {});
    this.link = new Link(
      { ...options, name: 'doctor', log: createLogger('silent') },
      {
        onUp,
        onFrame: (frame) => this.receive(frame),
        onError: (frame) => this.fail(new LinkError(textOf(frame), this.link.refused)),
        onDown: (reason) => {
          this.fail(new LinkError(reason, this.link.refused));
          void this.link.close();
        },
      },
    );
  }

  /** @throws LinkError when there is no such link; TimeoutError */
  static async open(options: Omit<LinkOptions, 'log' | 'name'>, timeout: number): Promise<StompVisit> {
    let onUp = () => {};
    const up = new Promise<void>((resolve) => {
      onUp = resolve;
    });
    const visit = new StompVisit(options, timeout, onUp);
    visit.link.open();
    try {
      await visit.within(up, 'the answer to CONNECT');
      return visit;
    } catch (error) {
      await visit.close();
      throw error;
    }
  }

  /** Subscribes to a destination and sends a body there; resolves with what comes of it, and after how many milliseconds. */
  async roundTrip(destination: string, body: Buffer): Promise<{ body: Buffer; time: number }> {
    const message = this.frame('MESSAGE');
    const subscribed = this.frame('subscribed');
    this.link.send('SUBSCRIBE', [
      ...['id', 'doctor', 'destination', destination],
      ...['ack', 'client-individual', 'receipt', 'subscribed'],
    ]);
    await this.within(subscribed, `the receipt of a subscription to ${destination}`);
    const since = performance.now();
    this.link.send('SEND', ['destination', destination, 'content-type', 'application/octet-stream'], body);
    const frame = await this.within(message, `a message sent to ${destination}`);
    const time = performance.now() - since;
    const id = header(frame.headers, 'ack');
    if (id !== undefined) this.link.send('ACK', ['id', id]);
    return { body: Buffer.from(frame.body), time };
  }

  async close(): Promise<void> {
    await this.link.close();
  }

  private frame(what: string): Promise<Frame> {
    return new Promise((resolve) => this.waiting.set(what, resolve));
  }

  private receive(frame: Frame): void {
    this.waiting.get(header(frame.headers, 'receipt-id') ?? frame.command)?.(frame);
  }

  private within<T>(work: Promise<T>, what: string): Promise<T> {
    return withTimeout(Promise.race([work, this.failed]), this.timeout, what);
  }
}

function textOf(frame: Frame): string {
  return [header(frame.headers, 'message'), frame.body.toString().trim()].filter(Boolean).join(': ');
}
