import { request } from 'node:http';
import type { TestRelay } from './relay.js';
import { waitFor } from './wait.js';

/** Where a relay is, and how its users sign in. */
export type TokenIssuer = Pick<TestRelay, 'url' | 'token'>;

/** A message as a pull answers it. */
export interface PulledMessage {
  id: string;
  destination: string;
  headers: Record<string, string>;
  body: string;
  encoding: 'utf8' | 'base64';
}

export interface PullAnswer {
  messages: PulledMessage[];
  lease: string | null;
  expiresIn: number;
  remaining: number;
}

/** A request that was answered with something else than 200. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly text: string,
  ) {
    super(`HTTP ${status}: ${text}`);
  }
}

const DESTINATION = '/topic/reply';

/** One user's unread mail by way of one relay, over HTTP. */
export class UnreadClient {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** @param url where it asks, with a token that `relay` takes. */
  static async of(relay: TokenIssuer, user: string, url = relay.url): Promise<UnreadClient> {
    return new UnreadClient(url, await relay.token(user));
  }

  /** The same user at several relays. */
  static at(relays: readonly TokenIssuer[], user: string): Promise<UnreadClient[]> {
    return Promise.all(relays.map((relay) => UnreadClient.of(relay, user)));
  }

  pull(limit = 100, destination = DESTINATION): Promise<PullAnswer> {
    return this.ask('POST', '/api/unread/pull', { destination, limit });
  }

  /** How many messages were acknowledged. */
  async ack(lease: string | null): Promise<number> {
    return (await this.ask<{ acknowledged: number }>('POST', '/api/unread/ack', { lease })).acknowledged;
  }

  /** By destination. */
  async counts(): Promise<Record<string, number>> {
    return (await this.ask<{ counts: Record<string, number> }>('GET', '/api/unread')).counts;
  }

  /** How many messages were waiting. */
  async clear(destination?: string): Promise<number> {
    const query = destination === undefined ? '' : `?destination=${encodeURIComponent(destination)}`;
    return (await this.ask<{ cleared: number }>('DELETE', `/api/unread${query}`)).cleared;
  }

  /** Waits until this many are unread and not leased. */
  async waiting(count: number, destination = DESTINATION, timeout = 15_000): Promise<void> {
    let seen = -1;
    await waitFor(
      async () => {
        seen = (await this.counts())[destination] ?? 0;
        return seen === count;
      },
      { what: () => `${count} unread of ${destination}; there are ${seen}`, timeout },
    );
  }

  /** Pulls and acknowledges page by page until nothing is left; the bodies in order. */
  async readAll(limit = 1000, destination = DESTINATION): Promise<string[]> {
    const read: string[] = [];
    for (;;) {
      const page = await this.pull(limit, destination);
      if (page.messages.length === 0) return read;
      read.push(...bodiesOf(page));
      await this.ack(page.lease);
    }
  }

  /** Sends a pull and cuts the connection: `after` that many bytes of the answer, or milliseconds without any. */
  async pullAndLeave(limit: number, after: { bytes: number } | { ms: number }): Promise<void> {
    await new Promise<void>((resolve) => {
      const sent = request(
        `${this.url}/api/unread/pull`,
        { method: 'POST', headers: { ...this.headers(), 'content-type': 'application/json' } },
        (response) => {
          let seen = 0;
          response.on('data', (chunk: Buffer) => {
            seen += chunk.length;
            if (!('bytes' in after) || seen >= after.bytes) sent.destroy();
          });
          response.on('error', () => {});
        },
      );
      sent.on('error', () => {});
      sent.on('close', resolve);
      sent.end(JSON.stringify({ destination: DESTINATION, limit }));
      if ('ms' in after) setTimeout(() => sent.destroy(), after.ms);
    });
  }

  private headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }

  /** @throws Refused */
  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.headers(), ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Refused(response.status, text);
    return JSON.parse(text) as T;
  }
}

export function bodiesOf({ messages }: PullAnswer): string[] {
  return messages.map(({ body }) => body);
}

/** The bodies `0`, `1`, … or any other beginning before the number. */
export function numbered(count: number, before = ''): string[] {
  return Array.from({ length: count }, (_, i) => `${before}${i}`);
}

/** The value of a metric, summed over all series whose labels contain `label`. */
export async function metric(relay: TestRelay, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${relay.url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /[{ ]/.test(line.charAt(name.length)) && line.startsWith(name) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
