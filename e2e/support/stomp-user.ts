import { createHash } from 'node:crypto';
import { Client, type IMessage } from '@stomp/stompjs';
import WebSocket from 'ws';

/** A body that marks the end of what a subscription is to get. */
export const FENCE = '{"fence":true}';

/** What a program reads of a message. */
export interface Read {
  destination: string | undefined;
  id: string | undefined;
  event: string | undefined;
  contentType: string | undefined;
  body: Uint8Array;
}

/** One message in one line, its bytes by their SHA-256. */
export function fingerprint({ destination, id, event, contentType, body }: Read): string {
  const hash = createHash('sha256').update(body).digest('hex');
  return `${destination} ${id} ${event} ${contentType} ${body.length} ${hash}`;
}

interface Inbox {
  received: string[];
  fences: number;
  closed(): void;
}

/** A user with plain stompjs, as an application has it, who writes down all that arrives. */
export class StompUser {
  readonly #client: Client;
  readonly #inboxes = new Map<string, Inbox>();
  /** Rejects when the connection ends before `disconnect`, or the relay sends an ERROR. */
  readonly #broken: Promise<never>;
  #leaving = false;

  private constructor(relayUrl: string, token: string) {
    this.#client = new Client({
      webSocketFactory: () => new WebSocket(`${relayUrl.replace(/^http/, 'ws')}/ws`, ['v12.stomp']),
      connectHeaders: { Authorization: `Bearer ${token}` },
      reconnectDelay: 0,
    });
    this.#broken = new Promise((_, reject) => {
      this.#client.onStompError = (frame) => reject(new Error(`ERROR: ${frame.headers.message}`));
      this.#client.onWebSocketClose = (event: WebSocket.CloseEvent) => {
        if (!this.#leaving) reject(new Error(`closed: ${event.code} ${event.reason}`));
      };
      this.#client.onUnhandledMessage = (message) =>
        reject(new Error(`a message of no subscription: ${message.headers.destination}`));
    });
    this.#broken.catch(() => undefined);
  }

  /** Gets a demo token for the user and connects. `relayUrl` is `http://…`. */
  static async connect(relayUrl: string, user: string): Promise<StompUser> {
    const response = await fetch(`${relayUrl}/demo/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
    });
    if (!response.ok) throw new Error(`no demo token for ${user}: HTTP ${response.status}`);
    const { token } = (await response.json()) as { token: string };
    const stompUser = new StompUser(relayUrl, token);
    await stompUser.#activate();
    return stompUser;
  }

  /**
   * Subscribes and waits for the RECEIPT. The promise inside resolves to the fingerprints of all that came, in
   * order, as soon as `fences` fences have come.
   */
  async subscribe(destination: string, fences: number): Promise<{ complete: Promise<string[]> }> {
    const inbox: Inbox = { received: [], fences: 0, closed: () => undefined };
    const closed = new Promise<void>((resolve) => {
      inbox.closed = resolve;
    });
    this.#inboxes.set(destination, inbox);
    const receipt = `subscribed ${destination}`;
    const subscribed = new Promise<void>((resolve) => this.#client.watchForReceipt(receipt, () => resolve()));
    this.#client.subscribe(destination, (message) => this.#receive(inbox, fences, message), {
      receipt,
    });
    await Promise.race([subscribed, this.#broken]);
    return { complete: Promise.race([closed, this.#broken]).then(() => inbox.received) };
  }

  async disconnect(): Promise<void> {
    this.#leaving = true;
    await this.#client.deactivate();
  }

  #receive(inbox: Inbox, fences: number, message: IMessage): void {
    const body = message.binaryBody;
    if (Buffer.from(body.buffer, body.byteOffset, body.length).equals(Buffer.from(FENCE))) {
      inbox.fences += 1;
      if (inbox.fences === fences) inbox.closed();
      return;
    }
    const { headers } = message;
    inbox.received.push(
      fingerprint({
        destination: headers.destination,
        id: headers['amqp-message-id'],
        event: headers['x-github-event'],
        contentType: headers['content-type'],
        body,
      }),
    );
  }

  async #activate(): Promise<void> {
    const connected = new Promise<void>((resolve) => {
      this.#client.onConnect = () => resolve();
    });
    this.#client.activate();
    await Promise.race([connected, this.#broken]);
  }
}
