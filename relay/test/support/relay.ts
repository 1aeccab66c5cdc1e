import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.js';
import { openRelay, type Relay } from '../../src/relay.js';
import { broker } from './broker.js';
import { RawClient, type RawOptions } from './raw.js';
import { keepSecret, runLog } from './run-log.js';
import type { SockjsTransportName } from './sockjs-socket.js';
import { StompClient, type StompOptions } from './stomp.js';
import { type Claims, secretToken } from './tokens.js';

/** What tests may do unless they bring rules of their own. */
const RULES = `
version: 1
rules:
  - subscribe: [/topic/#, '/queue/#']
    send: [/topic/#, '/user/*/#', '/app/#', '/queue/#', '/temp-queue/*']
`;

/** A relay in this process on a free port, and clients of it that end with it. */
export class TestRelay {
  private readonly clients: { drop(): void }[] = [];

  constructor(
    private readonly relay: Relay,
    readonly secret: string,
    private readonly cleanUp: () => void,
  ) {}

  /** How clients of `stomp` connect: a SockJS transport, or undefined for a plain WebSocket. */
  sockjs: SockjsTransportName | undefined;

  get url(): string {
    return this.relay.url;
  }

  get wsUrl(): string {
    return `${this.relay.url.replace('http', 'ws')}/ws`;
  }

  get sockjsUrl(): string {
    return `${this.relay.url}/sockjs`;
  }

  get node(): string {
    return this.relay.node;
  }

  token(user: string, claims: Claims = {}): Promise<string> {
    return secretToken(this.secret, { sub: user, ...claims });
  }

  /** A connected stompjs client, signed in by the CONNECT frame. */
  async stomp(user: string, options: Partial<StompOptions> = {}): Promise<StompClient> {
    const sockjs = options.sockjs ?? this.sockjs;
    const client = await StompClient.open({
      url: sockjs ? this.sockjsUrl : this.wsUrl,
      ...(sockjs ? { sockjs } : {}),
      ...options,
      connectHeaders: { Authorization: `Bearer ${await this.token(user)}`, ...options.connectHeaders },
    });
    this.clients.push(client);
    return client;
  }

  /** A raw client that is signed in at the handshake and has not sent CONNECT yet. */
  async raw(user: string, options: RawOptions = {}): Promise<RawClient> {
    const authorization = `Bearer ${await this.token(user)}`;
    const headers = { authorization, ...options.socket?.headers };
    return this.anonymous({ ...options, socket: { ...options.socket, headers } });
  }

  /** A raw client after CONNECTED. */
  async connected(
    user: string,
    options: RawOptions = {},
    headers: Record<string, string> = {},
  ): Promise<RawClient> {
    const client = await this.raw(user, options);
    await client.connect(headers);
    return client;
  }

  /** A raw client without a token. */
  async anonymous(options: RawOptions = {}, query = ''): Promise<RawClient> {
    const client = await RawClient.open(this.wsUrl + query, options);
    this.clients.push({ drop: () => client.destroy() });
    return client;
  }

  /** Lets its clients go, spread over so many milliseconds. */
  drain(time: number): Promise<void> {
    return this.relay.drain(time);
  }

  /** Ends the relay while its clients look on. */
  async leave(): Promise<void> {
    await this.relay.close();
    this.cleanUp();
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.drop();
    await this.leave();
  }
}

/**
 * Starts a relay in front of the broker of this file.
 * @param env replaces settings; an empty value takes one away.
 * @param rules the access file.
 * @param log otherwise everything goes where `npm test` looks for secrets.
 */
export async function startRelay(
  env: Record<string, string> = {},
  rules = RULES,
  log = runLog(),
): Promise<TestRelay> {
  const { amqpUrl, webStompUrl, managementUrl, clientUsername, clientPassword } = broker();
  const secret = keepSecret(randomBytes(32).toString('hex'));
  const directory = mkdtempSync(join(tmpdir(), 'relay-test-'));
  const cleanUp = () => rmSync(directory, { recursive: true, force: true });
  const accessFile = join(directory, 'access.yaml');
  writeFileSync(accessFile, rules);
  try {
    const relay = await openRelay(
      readConfig({
        RELAY_PORT: '0',
        RELAY_LOG_LEVEL: 'silent',
        RELAY_JWT_SECRET: secret,
        RELAY_ACCESS_FILE: accessFile,
        RABBITMQ_URL: amqpUrl,
        RABBITMQ_WEB_STOMP_URL: webStompUrl,
        RABBITMQ_MANAGEMENT_URL: managementUrl,
        RABBITMQ_CLIENT_USERNAME: clientUsername,
        RABBITMQ_CLIENT_PASSWORD: clientPassword,
        ...env,
      }),
      log,
    );
    return new TestRelay(relay, secret, cleanUp);
  } catch (error) {
    cleanUp();
    throw error;
  }
}

/** A name that no other test uses: the tests of a file share the broker. */
export function unique(name: string): string {
  return `${name}-${randomBytes(5).toString('hex')}`;
}
