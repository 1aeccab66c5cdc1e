import { type Deferred, deferred } from './deferred.js';
import { RelayError } from './errors.js';
import { type Outbox, SEND_TIMEOUT_MS } from './outbox.js';
import { randomId } from './random.js';
import type { Subscriptions } from './subscriptions.js';
import type { RelayMessage, SendOptions } from './types.js';

/** Questions to services, and their answers by `correlation-id`. */
export class Requests {
  private readonly pending = new Map<string, Deferred<RelayMessage>>();
  /** This client's own: answers to its user's other clients do not come here. */
  private readonly replyTo = `/user/queue/reply.${randomId()}`;
  private subscribed = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly subscriptions: Subscriptions,
  ) {}

  async request(destination: string, body: string, options: SendOptions = {}): Promise<RelayMessage> {
    const { timeout = SEND_TIMEOUT_MS } = options;
    // Before the SEND: the relay handles a SUBSCRIBE before what follows it.
    this.listen();
    const id = options.headers?.['correlation-id'] ?? randomId();
    const answer = deferred<RelayMessage>();
    this.pending.set(id, answer);
    const late = new RelayError(
      'ERR_TIMEOUT',
      `no answer to the request to ${destination} within ${timeout} ms`,
    );
    const timer = setTimeout(() => answer.reject(late), timeout);
    const headers = { ...options.headers, 'reply-to': this.replyTo, 'correlation-id': id };
    this.outbox.send(destination, body, { headers, timeout }).catch(answer.reject);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.pending.delete(id);
    }
  }

  private listen(): void {
    if (this.subscribed) return;
    this.subscribed = true;
    const { ready } = this.subscriptions.add(
      this.replyTo,
      (message) => this.pending.get(message.headers['correlation-id'] ?? '')?.resolve(message),
      { unread: 'none' },
    );
    ready.catch((error: unknown) => {
      this.subscribed = false;
      for (const answer of this.pending.values()) answer.reject(error);
    });
  }
}
