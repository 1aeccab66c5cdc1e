import { randomBytes } from 'node:crypto';
import type { QueueState } from '../broker/probe.js';
import { names } from '../broker/topology.js';
import { Visit } from '../broker/visit.js';
import type { RelayConfig } from '../config.js';
import { NotChecked } from './finding.js';
import { Management } from './management.js';
import { StompVisit } from './stomp-visit.js';

/** How the names of its connections begin, for operators. */
export const VISITOR = 'stomp-relay doctor, ';

export interface ExaminationOptions {
  /** Milliseconds that the broker may take over anything. */
  readonly timeout: number;
  /** Addresses of relays that should be looked at, too. */
  readonly relays?: readonly string[];
}

/** What checks look at. Connections are made when the first check wants them, and shared by all. */
export class Examination {
  /** A word for names and keys that nobody else uses. */
  readonly id = `relay-doctor-${randomBytes(6).toString('hex')}`;
  readonly timeout: number;
  readonly relays: readonly string[];
  private readonly manager: Management | undefined;
  private readonly opened = new Map<string, Promise<Visit | StompVisit>>();

  constructor(
    readonly config: RelayConfig,
    { timeout, relays = [] }: ExaminationOptions,
  ) {
    this.timeout = timeout;
    this.relays = relays;
    const { managementUrl } = config.broker;
    if (managementUrl !== undefined) this.manager = new Management(managementUrl, config.broker, timeout);
  }

  /** @throws NotChecked without RABBITMQ_MANAGEMENT_URL. */
  get management(): Management {
    if (this.manager) return this.manager;
    throw new NotChecked('set RABBITMQ_MANAGEMENT_URL=http://user:password@host:15672');
  }

  get vhost(): string {
    return this.config.broker.vhost;
  }

  /** The broker user of RABBITMQ_URL. */
  get login(): string {
    const [url = ''] = this.config.broker.amqpUrls;
    return decodeURIComponent(new URL(url).username) || 'guest';
  }

  /** Of several addresses, those to which there is no way, each with why. */
  async unreachable(kind: 'amqpUrls' | 'webStompUrls'): Promise<{ url: string; error: Error }[]> {
    const urls = this.config.broker[kind];
    if (urls.length === 1) return [];
    const { login, passcode, vhost, tls } = this.config.broker;
    const { timeout } = this;
    const lost: { url: string; error: Error }[] = [];
    for (const url of urls) {
      try {
        const visit =
          kind === 'amqpUrls'
            ? await Visit.open(url, { tls, name: `${VISITOR}addresses`, timeout })
            : await StompVisit.open({ url, vhost, tls, login, passcode }, timeout);
        await visit.close();
      } catch (error) {
        lost.push({ url, error: error as Error });
      }
    }
    return lost;
  }

  /** For looking; nothing is published over it, so that it goes on in an alarm. Rejects with why there is none. */
  looking(): Promise<Visit> {
    return this.once('looking', (name) => this.visit(name));
  }

  /** For trying out what is published. */
  publishing(): Promise<Visit> {
    return this.once('publishing', (name) => this.visit(name));
  }

  /** As the broker user of private links. */
  client(): Promise<Visit> {
    const { clientLogin: login, clientPasscode: passcode } = this.config.broker;
    return this.once('client', (name) => this.visit(name, { login, passcode }));
  }

  /** Over Web-STOMP, as shared links of the relay. Rejects with why there is none. */
  link(): Promise<StompVisit> {
    const { login, passcode } = this.config.broker;
    return this.once('link', () => this.stompVisit(login, passcode));
  }

  /** Over Web-STOMP, as private links. */
  clientLink(): Promise<StompVisit> {
    const { clientLogin, clientPasscode } = this.config.broker;
    return this.once('client link', () => this.stompVisit(clientLogin, clientPasscode));
  }

  /** A queue as it is at this moment; undefined when there is none. */
  async queue(name: string): Promise<QueueState | undefined> {
    return (await unlessLost(this.looking())).queue(name);
  }

  /** Whether a relay reads the intake. */
  async hasKeeper(): Promise<boolean> {
    return ((await this.queue(names.intake))?.consumers ?? 0) > 0;
  }

  async close(): Promise<void> {
    this.manager?.close();
    const opened = await Promise.allSettled(this.opened.values());
    await Promise.all(opened.map((visit) => visit.status === 'fulfilled' && visit.value.close()));
  }

  private visit(purpose: string, as?: { login: string; passcode: string }): Promise<Visit> {
    const { amqpUrls, tls } = this.config.broker;
    const name = `${VISITOR}${purpose}`;
    const options = { tls, name, timeout: this.timeout, ...(as && { as }) };
    return first(amqpUrls, (url) => Visit.open(url, options));
  }

  private stompVisit(login: string, passcode: string): Promise<StompVisit> {
    const { webStompUrls, vhost, tls } = this.config.broker;
    return first(webStompUrls, (url) => StompVisit.open({ url, vhost, tls, login, passcode }, this.timeout));
  }

  private once<T extends Visit | StompVisit>(name: string, open: (name: string) => Promise<T>): Promise<T> {
    const before = this.opened.get(name) as Promise<T> | undefined;
    if (before) return before;
    const opening = open(name);
    opening.catch(() => {});
    this.opened.set(name, opening);
    return opening;
  }
}

/** At the first broker of a cluster that takes it; rejects as the first did when none does. */
async function first<T>(urls: readonly string[], open: (url: string) => Promise<T>): Promise<T> {
  const failures: unknown[] = [];
  for (const url of urls) {
    try {
      return await open(url);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/** For checks to which a connection is only a means: why there is none is told by another. */
export async function unlessLost<T>(connecting: Promise<T>): Promise<T> {
  try {
    return await connecting;
  } catch {
    throw new NotChecked('there is no connection to the broker; see above');
  }
}
