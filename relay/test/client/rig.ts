import { WebSocket } from 'ws';
import { createRelayClient } from '../../client/node.js';
import type {
  ConnectionState,
  RelayClient,
  RelayClientOptions,
  RelayMessage,
  RelaySubscription,
  SubscribeOptions,
  WebSocketConstructor,
} from '../../client/types.js';
import type { Service } from '../support/amqp.js';
import { type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

/** A client of the SDK that writes down its states and what it was handed. */
export class Person {
  readonly states: ConnectionState[] = [];
  private readonly taken = new Map<string, RelayMessage[]>();

  constructor(readonly client: RelayClient) {
    client.state.subscribe((state) => this.states.push(state));
  }

  static of(relay: TestRelay, user: string, options: Partial<RelayClientOptions> = {}): Person {
    return new Person(
      createRelayClient({ url: relay.url, token: () => relay.token(user), heartbeat: 2000, ...options }),
    );
  }

  subscribe(destination: string, options?: SubscribeOptions): RelaySubscription {
    return this.client.subscribe(destination, (message) => this.messages(destination).push(message), options);
  }

  messages(destination = '/user/topic/reply'): RelayMessage[] {
    const found = this.taken.get(destination) ?? [];
    this.taken.set(destination, found);
    return found;
  }

  bodies(destination?: string): string[] {
    return this.messages(destination).map(({ body }) => body);
  }

  /** Waits for this many messages. */
  async received(count: number, destination?: string): Promise<string[]> {
    await waitFor(() => this.bodies(destination).length >= count, {
      what: () =>
        `${count} messages; have ${this.bodies(destination).length}, ${this.client.state.value.status}`,
      timeout: 40_000,
    });
    return this.bodies(destination);
  }

  /** Waits for a message with this body. */
  async got(body: string, destination?: string): Promise<RelayMessage> {
    return waitFor(() => this.messages(destination).find((message) => message.body === body), {
      what: () => `"${body}"; have ${this.bodies(destination).slice(-5).join(' ')}`,
      timeout: 40_000,
    });
  }

  /** Waits until the connection stands like this. */
  async until<S extends ConnectionState['status']>(status: S): Promise<ConnectionState & { status: S }> {
    await waitFor(() => this.client.state.value.status === status, {
      what: () => `${status}; it went ${this.states.map((state) => JSON.stringify(state)).join(' ')}`,
      timeout: 40_000,
    });
    return this.client.state.value as ConnectionState & { status: S };
  }

  /** Waits until it has connected this often. */
  async connections(count: number): Promise<void> {
    await waitFor(() => this.states.filter(({ status }) => status === 'connected').length >= count, {
      what: () => `${count} connections; it went ${this.states.map(({ status }) => status).join(' ')}`,
      timeout: 40_000,
    });
  }

  /** Subscribes to `/user/topic/ping` and waits until a message comes through. */
  async hears(service: Service, user: string): Promise<void> {
    await this.subscribe('/user/topic/ping').ready;
    const body = unique('ping');
    await service.toUser(user, 'topic.ping', body);
    await this.got(body, '/user/topic/ping');
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/** A WebSocket that opens another address than the one it is told. */
export function redirected(url: string): WebSocketConstructor {
  return class extends WebSocket {
    constructor(_: string, protocols?: string[]) {
      super(url, protocols);
    }
  } as unknown as WebSocketConstructor;
}
