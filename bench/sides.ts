import { SignJWT } from 'jose';
import type { ClientPlan } from './load/stomp-client.js';

export type SideName = 'direct' | 'relay';

/** What a client does on one side of the comparison, and what a service publishes to reach it. */
export interface Side {
  name: SideName;
  /** Clients `from` to `from + count`, each with the subscription to its own replies. */
  users(count: number, from?: number): Promise<ClientPlan[]>;
  /** Clients that all subscribe to one topic; on the relay they are users `from` to `from + count`. */
  audience(count: number, from?: number): Promise<ClientPlan[]>;
  /** Exchange for the messages of `users`; the keys are `userKey`. */
  userExchange: string;
}

export const TOPIC = { exchange: 'amq.topic', key: 'public.bench', destination: '/topic/public.bench' };

export function userKey(index: number): string {
  return `u${index}.topic.reply`;
}

/** The token of the user whose messages have `userKey(index)`. */
export function makeToken(secret: string, index: number): Promise<string> {
  return new SignJWT({ sub: `u${index}` })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(secret));
}

const NUL = '\0';

function subscribeFrame(destination: string): string {
  return `SUBSCRIBE\nid:0\ndestination:${destination}\nack:auto\nreceipt:subscribed\n\n${NUL}`;
}

/** CONNECT of a client without heart-beats. STOMP 1.2, Value Encoding: of CONNECT alone the values are not escaped. */
export function connectFrame(host: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `CONNECT\naccept-version:1.2\nhost:${host}\nheart-beat:0,0\n${lines.join('')}\n${NUL}`;
}

/** Browsers straight on RabbitMQ: each has a broker user's password, its own connection and its own queue. */
export function directSide(webStompUrl: string): Side {
  const url = new URL(webStompUrl);
  const place = { host: url.hostname, port: Number(url.port || 80), path: url.pathname };
  const connect = connectFrame('/', {
    login: decodeURIComponent(url.username),
    passcode: decodeURIComponent(url.password),
  });
  const plan = (destination: string): ClientPlan => ({
    ...place,
    connectFrame: connect,
    subscribeFrame: subscribeFrame(destination),
  });
  return {
    name: 'direct',
    userExchange: 'amq.topic',
    users: async (count, from = 0) =>
      Array.from({ length: count }, (_, index) => plan(`/topic/${userKey(from + index)}`)),
    audience: async (count) => Array.from({ length: count }, () => plan(TOPIC.destination)),
  };
}

/** The same browsers on the relay: each shows its own token in CONNECT. */
export function relaySide(relayUrl: string, secret: string): Side {
  const url = new URL(relayUrl);
  const tokens: string[] = [];
  const plans = async (count: number, from: number, destination: string): Promise<ClientPlan[]> => {
    for (let index = tokens.length; index < from + count; index++) {
      tokens.push(await makeToken(secret, index));
    }
    return Array.from({ length: count }, (_, index) => ({
      host: url.hostname,
      port: Number(url.port || 80),
      path: '/ws',
      connectFrame: connectFrame('/', { Authorization: `Bearer ${tokens[from + index] ?? ''}` }),
      subscribeFrame: subscribeFrame(destination),
    }));
  };
  return {
    name: 'relay',
    userExchange: 'relay.user',
    users: (count, from = 0) => plans(count, from, '/user/topic/reply'),
    audience: (count, from = 0) => plans(count, from, TOPIC.destination),
  };
}
