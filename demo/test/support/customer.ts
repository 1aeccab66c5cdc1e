import { randomUUID } from 'node:crypto';
import { openEnvelope, sealEnvelope } from 'stomp-relay/envelope';
import type { TestRelay } from '../../../relay/test/support/relay.js';
import type { ReceivedFrame, StompClient } from '../../../relay/test/support/stomp.js';
import { waitFor } from '../../../relay/test/support/wait.js';
import { ask, type Refusal } from '../../contract.js';

const REPLIES = '/user/queue/replies';

/** One tab of somebody who uses the shop: plain stompjs. */
export class Customer {
  private constructor(
    readonly name: string,
    readonly stomp: StompClient,
  ) {}

  static async at(relay: TestRelay, name: string): Promise<Customer> {
    const customer = new Customer(name, await relay.stomp(name));
    await customer.stomp.subscribed(REPLIES, { id: 'replies' });
    return customer;
  }

  listen(destination: string, headers: Record<string, string> = {}): Promise<void> {
    return this.stomp.subscribed(destination, { id: destination, ...headers });
  }

  /** What has come in there so far: contents of envelopes, by no user but by services. */
  heard<T>(destination: string): T[] {
    return this.stomp.messages(destination).flatMap((frame) => {
      if (frame.headers['relay-user'] !== undefined) return [];
      return [contentOf(frame) as T];
    });
  }

  /** Waits for one that fits. */
  hears<T>(destination: string, fits: (content: T) => boolean = () => true): Promise<T> {
    return waitFor(() => this.heard<T>(destination).find(fits), {
      what: () => `something at ${destination}; heard ${JSON.stringify(this.heard(destination))}`,
      timeout: 30_000,
    }) as Promise<T>;
  }

  /** @throws RefusedError when it was refused */
  async ask<T>(what: keyof typeof ask, content: unknown, headers: Record<string, string> = {}): Promise<T> {
    const { frame, envelope } = await this.answer(this.send(ask[what], content, headers));
    if (envelope.businessType === 'refused') throw new RefusedError(envelope.content as Refusal);
    if (frame.headers['relay-user'] !== undefined) throw new Error('a user has answered');
    return envelope.content as T;
  }

  /** The status with which it is refused. */
  async refusal(what: keyof typeof ask, content: unknown): Promise<number> {
    try {
      const answer = await this.ask(what, content);
      throw new Error(`it was answered by ${JSON.stringify(answer)}`);
    } catch (error) {
      if (error instanceof RefusedError) return error.refusal.status;
      throw error;
    }
  }

  /** @returns the correlation id */
  send(destination: string, content: unknown, headers: Record<string, string> = {}): string {
    // All tabs of a user get the answers to each of them.
    const id = randomUUID();
    const body = sealEnvelope({
      sendType: 'service',
      messageType: 'request',
      businessType: destination,
      // What is claimed here must not matter.
      fromUniqueId: 'somebody-else',
      toUniqueId: destination,
      fromClientType: 'web',
      content,
    });
    this.sendRaw(destination, body, { 'correlation-id': id, ...headers });
    return id;
  }

  sendRaw(destination: string, body: string, headers: Record<string, string>): void {
    this.stomp.send(destination, body, { 'reply-to': REPLIES, ...headers });
  }

  /** Waits for the answer to one request. */
  async answer(id: string) {
    const frame = await waitFor(() => this.answers(id)[0], { what: `the answer ${id}`, timeout: 30_000 });
    return { frame, envelope: openEnvelope({ body: frame.body.toString(), sender: undefined }) };
  }

  answers(id: string): ReceivedFrame[] {
    return this.stomp.messages('replies').filter(({ headers }) => headers['correlation-id'] === id);
  }

  leave(): Promise<void> {
    return this.stomp.disconnect();
  }
}

export class RefusedError extends Error {
  constructor(readonly refusal: Refusal) {
    super(`${refusal.status}: ${refusal.message}`);
  }
}

export function contentOf(frame: ReceivedFrame): unknown {
  return openEnvelope({ body: frame.body.toString(), sender: frame.headers['relay-user'] }).content;
}
