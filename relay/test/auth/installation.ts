import { randomBytes } from 'node:crypto';
import { createLogger } from '../../src/logger.js';
import { HandshakeRefused, RawClient, type RawFrame, type RawOptions } from '../support/raw.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { keepSecret } from '../support/run-log.js';
import { type Claims, inSeconds, secretToken } from '../support/tokens.js';

const RULES = `
version: 1
rules:
  - when: { sub: root }
    manage: [sessions]
`;

/** A session that is signed in, and whose it is. */
export interface Signed {
  client: RawClient;
  token: string;
}

/** Several relays that trust the same tokens, and everything that they log, down to trace. */
export class Installation {
  readonly secret = keepSecret(randomBytes(32).toString('hex'));
  /** All that was logged, as JSON lines. */
  log = '';
  /** What must not be in it. */
  private readonly secrets: string[] = [];
  private readonly relays: TestRelay[] = [];
  private readonly clients: RawClient[] = [];

  async relay(env: Record<string, string> = {}): Promise<TestRelay> {
    const write = (line: string) => {
      this.log += line;
    };
    const log = createLogger('trace', { write });
    const relay = await startRelay({ RELAY_JWT_SECRET: this.secret, ...env }, RULES, log);
    this.relays.push(relay);
    return relay;
  }

  /** A token as an identity provider gives it, issued 5 s ago unless the claims say otherwise. */
  async token(user: string, claims: Claims = {}): Promise<string> {
    const jti = randomBytes(6).toString('hex');
    const token = await secretToken(this.secret, { sub: user, iat: inSeconds(-5), jti, ...claims });
    this.secrets.push(...token.split('.').slice(1));
    return token;
  }

  /** A connected client. */
  async connect(relay: TestRelay, token: string): Promise<RawClient> {
    const client = await this.open(relay.wsUrl, {
      socket: { headers: { authorization: `Bearer ${token}` } },
    });
    await client.connect();
    return client;
  }

  async signedIn(relay: TestRelay, user: string, claims: Claims = {}): Promise<Signed> {
    const token = await this.token(user, claims);
    return { token, client: await this.connect(relay, token) };
  }

  async open(url: string, options: RawOptions = {}): Promise<RawClient> {
    const client = await RawClient.open(url, options);
    this.clients.push(client);
    return client;
  }

  /** The status and code with which the handshake of this token is refused; 101 when it is not. */
  async handshake(relay: TestRelay, token: string): Promise<string> {
    return this.outcome(() => this.connect(relay, token));
  }

  async outcome(open: () => Promise<unknown>): Promise<string> {
    try {
      await open();
      return '101';
    } catch (error) {
      if (!(error instanceof HandshakeRefused)) throw error;
      const { code } = (JSON.parse(error.body) as { error: { code: string } }).error;
      return `${error.status} ${code}`;
    }
  }

  /** What CONNECT with this token is answered by. */
  async connectFrame(relay: TestRelay, token: string): Promise<{ error: RawFrame; code: number }> {
    const client = await this.open(relay.wsUrl);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: token });
    return client.refused();
  }

  /** The address that a ticket comes as. */
  async ticket(relay: TestRelay, token: string): Promise<string> {
    const { url } = (await this.ask<{ url: string }>(relay, 'POST', '/api/tickets', token)).body;
    this.secrets.push(keepSecret(url.split('.').at(-1) ?? ''));
    return url;
  }

  async ask<T>(
    relay: TestRelay,
    method: string,
    path: string,
    token: string,
  ): Promise<{ status: number; body: T }> {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(relay.url + path, { method, headers });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** The secrets that got into the log. */
  leaked(): string[] {
    return this.secrets.filter((secret) => this.log.includes(secret));
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await Promise.all(this.relays.map((relay) => relay.close().catch(() => {})));
  }
}

/** Where the ticket of this address is shown at another relay. */
export function at(relay: TestRelay, ticketUrl: string): string {
  return relay.wsUrl.replace('/ws', new URL(ticketUrl).pathname);
}
