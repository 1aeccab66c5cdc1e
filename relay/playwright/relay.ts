import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { type OpenBroker, openBroker } from './broker.js';
import { Service } from './publish.js';
import { RelayProcess } from './relay-process.js';
import type { PublishOptions, RelayFixture, RelayOptions, UnreadMessage } from './types.js';

const KEYS = ['RELAY_JWT_SECRET', 'RELAY_JWT_PUBLIC_KEY', 'RELAY_JWKS_URL'];
const PAGE = 1000;

/** A broker, a relay in front of it, and a service behind it. */
export class RelayUnderTest implements RelayFixture {
  readonly #service: Service;

  private constructor(
    private readonly broker: OpenBroker,
    readonly env: Readonly<Record<string, string>>,
    private process: RelayProcess,
    private readonly onOutput: (chunk: Buffer) => void,
  ) {
    this.#service = new Service(broker.amqpUrl);
  }

  /**
   * @param options its `accessFile` is absolute.
   * @param onOutput gets what the relay prints.
   */
  static async open(options: RelayOptions, onOutput: (chunk: Buffer) => void): Promise<RelayUnderTest> {
    const broker = await openBroker(options.broker);
    try {
      const env = { ...broker.settings, ...settingsFor(options) };
      return new RelayUnderTest(broker, env, await RelayProcess.start(env, onOutput), onOutput);
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  get url(): string {
    return this.process.url;
  }

  get wsUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}${this.env.RELAY_WS_PATH ?? '/ws'}`;
  }

  get amqpUrl(): string {
    return this.broker.amqpUrl;
  }

  async token(
    user: string,
    claims: Readonly<Record<string, unknown>> = {},
    expiresIn = 600,
  ): Promise<string> {
    const { RELAY_JWT_SECRET: secret, RELAY_USER_CLAIM: claim = 'sub' } = this.env;
    if (!secret) {
      throw new Error(
        'relayOptions.env names keys of your own (RELAY_JWT_PUBLIC_KEY or RELAY_JWKS_URL): sign tokens with their private part',
      );
    }
    const now = Math.floor(Date.now() / 1000);
    const audience = this.env.RELAY_JWT_AUDIENCE?.split(',')[0]?.trim();
    return new SignJWT({
      sub: user,
      [claim]: user,
      iat: now,
      exp: now + expiresIn,
      ...(this.env.RELAY_JWT_ISSUER ? { iss: this.env.RELAY_JWT_ISSUER } : {}),
      ...(audience ? { aud: audience } : {}),
      ...claims,
    })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));
  }

  publish(destination: string, body: string | Uint8Array | object, options?: PublishOptions): Promise<void> {
    return this.#service.publish(destination, body, options);
  }

  async pull(user: string, destination: string): Promise<UnreadMessage[]> {
    const messages: UnreadMessage[] = [];
    const asked = { destination: destination.replace(/^\/user(?=\/)/, ''), limit: PAGE };
    for (;;) {
      const page = (await this.#ask(user, 'POST', '/api/unread/pull', asked)) as {
        messages: UnreadMessage[];
        lease: string | null;
      };
      messages.push(...page.messages);
      if (page.lease === null) return messages;
      await this.#ask(user, 'POST', '/api/unread/ack', { lease: page.lease });
    }
  }

  async signOut(user: string): Promise<void> {
    await this.#ask(user, 'DELETE', `/api/users/${encodeURIComponent(user)}/sessions`);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  async start(): Promise<void> {
    if (this.process.running) return;
    const env = { ...this.env, RELAY_PORT: this.process.port };
    this.process = await RelayProcess.start(env, this.onOutput);
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await (signal === 'SIGKILL' ? this.kill() : this.stop());
    await this.start();
  }

  /** Ends all of it. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of [() => this.#service.close(), () => this.process.stop(), () => this.broker.close()]) {
      await end().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  }

  async #ask(user: string, method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.token(user)}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`The relay answered ${method} ${path} with ${response.status}: ${text}`);
    return JSON.parse(text);
  }
}

function settingsFor({ accessFile, demo, env = {} }: RelayOptions): Record<string, string> {
  const secret = randomBytes(32).toString('base64url');
  return {
    ...(KEYS.some((name) => env[name]) ? {} : { RELAY_JWT_SECRET: secret }),
    // The page under test comes from a server of its own, on a port that nobody knows ahead.
    RELAY_ALLOWED_ORIGINS: '*',
    ...(accessFile ? { RELAY_ACCESS_FILE: accessFile } : {}),
    ...(demo ? { RELAY_DEMO: '1' } : {}),
    ...env,
  };
}
