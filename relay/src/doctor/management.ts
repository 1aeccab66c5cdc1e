import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, get as plainGet } from 'node:http';
import { Agent as TlsAgent, get as tlsGet } from 'node:https';
import type { BrokerConfig } from '../config.js';
import { NotChecked } from './finding.js';
import { command } from './shell.js';

/** Longest answer that is read. */
const MOST_BYTES = 64 * 1024 * 1024;

export class ManagementError extends Error {
  constructor(
    message: string,
    /** HTTP's; undefined when there was no answer. */
    readonly status: number | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Of all pages. */
  readonly filtered_count: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Milliseconds by which the broker's clock is ahead of ours; undefined when the answer does not say. */
  readonly skew: number | undefined;
}

/** RabbitMQ's management API, read only. Each path is asked once. */
export class Management {
  private readonly answers = new Map<string, Promise<Answer>>();
  private readonly base: URL;
  private readonly auth: string;
  private readonly plain = new PlainAgent({ keepAlive: true });
  private readonly secure: TlsAgent;
  /** Who asks. */
  readonly login: string;

  /** @param timeout milliseconds that an answer may take */
  constructor(
    url: string,
    private readonly broker: Pick<BrokerConfig, 'login' | 'passcode' | 'tls' | 'vhost'>,
    private readonly timeout: number,
  ) {
    this.base = new URL(url);
    const own = this.base.username !== '';
    this.login = own ? decodeURIComponent(this.base.username) : broker.login;
    this.secure = new TlsAgent({ keepAlive: true, ...broker.tls });
    this.auth = `${this.login}:${own ? decodeURIComponent(this.base.password) : broker.passcode}`;
  }

  /** What a path below `/api/` says; undefined when there is no such thing. `{vhost}` stands for ours. */
  async read<T>(path: string): Promise<T | undefined> {
    const answer = await this.ask(path);
    if (answer.status === 404) return undefined;
    return JSON.parse(answer.text) as T;
  }

  /** As `read`, for what is always there. */
  async get<T>(path: string): Promise<T> {
    const answer = await this.read<T>(path);
    if (answer === undefined) {
      const what = path.includes('{vhost}') ? 'virtual host' : `/api/${path}`;
      throw new NotChecked(`the management knows no such ${what}`);
    }
    return answer;
  }

  /** Objects of our virtual host whose names match: the first `size`, and how many there are. */
  list<T>(
    kind: 'queues' | 'exchanges',
    pattern: string,
    columns: string,
    { size = 500, most }: { size?: number; most?: string } = {},
  ): Promise<Page<T>> {
    const query = new URLSearchParams({
      page: '1',
      page_size: String(size),
      use_regex: 'true',
      name: pattern,
      columns,
    });
    if (most !== undefined) {
      query.set('sort', most);
      query.set('sort_reverse', 'true');
    }
    return this.get(`${kind}/{vhost}?${query}`);
  }

  /** How far the broker's clock is ahead of ours, in milliseconds, to a second. */
  async skew(): Promise<number | undefined> {
    return (await this.ask('whoami')).skew;
  }

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private async ask(path: string): Promise<Answer> {
    let answer = this.answers.get(path);
    if (!answer) {
      answer = this.request(path);
      this.answers.set(path, answer);
    }
    const { status, text } = await answer;
    if (status === 401 || status === 403) {
      // Who may not sign in at all is found by the check of the management itself.
      if (path === 'whoami') throw new ManagementError(reasonOf(text), status);
      const tag = command('rabbitmqctl', 'set_user_tags', this.login, 'administrator');
      throw new NotChecked(`the management does not show it to ${this.login}; ${tag}`);
    }
    if (status !== 200 && status !== 404) {
      throw new ManagementError(`HTTP ${status}: ${reasonOf(text)}`, status);
    }
    return answer;
  }

  private request(path: string): Promise<Answer> {
    const { protocol, hostname, port, pathname } = this.base;
    const below = path.replaceAll('{vhost}', encodeURIComponent(this.broker.vhost));
    const options = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || (protocol === 'https:' ? 443 : 80),
      path: `${pathname.replace(/\/+$/, '')}/api/${below}`,
      auth: this.auth,
      timeout: this.timeout,
    };
    const sent = Date.now();
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new ManagementError(error.message, undefined, { cause: error }));
      const onAnswer = (answer: IncomingMessage) =>
        void read(answer).then((text) => {
          const { statusCode: status = 0, headers } = answer;
          resolve({ status, text, skew: skewOf(headers.date, sent, Date.now()) });
        }, fail);
      const request: ClientRequest =
        protocol === 'https:'
          ? tlsGet({ ...options, agent: this.secure }, onAnswer)
          : plainGet({ ...options, agent: this.plain }, onAnswer);
      request.once('error', fail);
      request.once('timeout', () => request.destroy(new Error(`no answer within ${this.timeout / 1000} s`)));
    });
  }
}

async function read(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(text: string): string {
  try {
    const { reason } = JSON.parse(text) as { reason?: unknown };
    return String(reason ?? text).slice(0, 200);
  } catch {
    return 'an answer that is not RabbitMQ’s';
  }
}

/**
 * How far a clock is ahead of ours, by the `Date` header of an answer: it has whole seconds, cut off, and was written at some
 * time between asking and reading. Zero when both may be the same.
 */
export function skewOf(date: string | undefined, sent: number, received: number): number | undefined {
  const earliest = Date.parse(date ?? '');
  if (Number.isNaN(earliest)) return undefined;
  const latest = earliest + 1000;
  if (earliest > received) return earliest - received;
  if (latest < sent) return latest - sent;
  return 0;
}
