import type { ConsumeMessage } from 'amqplib';
import { EnvelopeError, openEnvelope } from 'stomp-relay/envelope';
import { APP_EXCHANGE, canBeReached, replyKey } from './address.js';
import type { Amqp, Subscription } from './amqp.js';
import type { Database } from './database.js';
import { Fields } from './fields.js';
import { type Log, reasonOf } from './log.js';
import { reply } from './messages.js';
import type { Outbox } from './outbox.js';
import { Refused } from './refused.js';

/** A request of a user, as a service sees it. */
export interface Asked {
  /** Whom the relay has verified; never what the body says. */
  readonly user: string;
  readonly content: Fields;
  /** Of the message; the same when the client sends it again. */
  readonly id: string | undefined;
  /** Where the answer goes, checked. */
  readonly reply: ReplyAddress | undefined;
}

export interface ReplyAddress {
  readonly user: string;
  readonly key: string;
  readonly correlationId: string | undefined;
}

/** What a service does for one routing key. The answer is content of an envelope; Refused refuses. */
export interface Route {
  /** May wait for something before; nothing is changed here. */
  readonly before?: (asked: Asked) => Promise<void>;
  /** In one transaction. `undefined`: somebody else answers. */
  readonly answer: (asked: Asked) => unknown;
  /** A request that comes again is not done again: it gets the answer that there was. */
  readonly once?: true;
}

export type Routes = Readonly<Record<string, Route>>;

export const ANSWERED_SCHEMA =
  'CREATE TABLE IF NOT EXISTS answered (id TEXT PRIMARY KEY, at INTEGER NOT NULL, content TEXT);';
const ANSWERED_KEPT_MS = 3600_000;

/** As long as a client waits: done later it would be a surprise. */
const REQUEST_TTL_MS = 30_000;

export interface RequestParts {
  readonly service: string;
  readonly database: Database;
  readonly outbox: Outbox;
  readonly amqp: () => Amqp;
  readonly log: Log;
}

/** The queue `service.{name}`: requests that users have sent to `/app/{key}`. */
export function requests(routes: Routes, parts: RequestParts): Subscription {
  return {
    queue: `service.${parts.service}`,
    exchange: APP_EXCHANGE,
    keys: Object.keys(routes),
    messageTtl: REQUEST_TTL_MS,
    handle: async (message) => {
      const user = verifiedUser(message);
      // Nothing could be answered or pushed to such a name, and whoever likes can sign in with one.
      if (!canBeReached(user)) return;
      const address = replyAddress(message, user);
      const what = message.fields.routingKey;
      const { content, businessType } = await answer(message, user, address, routes[what], parts);
      parts.outbox.flush();
      if (address === undefined || content === undefined) return;
      await parts.amqp().publish(reply(address, { from: parts.service, what: businessType, content }));
    },
  };
}

/** @throws Error for what no relay has let in */
function verifiedUser(message: ConsumeMessage): string {
  const user: unknown = message.properties.headers?.['relay-user'];
  if (typeof user !== 'string') throw new Error('a request without the header relay-user');
  return user;
}

function replyAddress({ properties }: ConsumeMessage, user: string): ReplyAddress | undefined {
  const key = replyKey(text(properties.replyTo), user);
  return key === undefined ? undefined : { user, key, correlationId: text(properties.correlationId) };
}

async function answer(
  message: ConsumeMessage,
  user: string,
  address: ReplyAddress | undefined,
  route: Route | undefined,
  parts: RequestParts,
): Promise<{ content: unknown; businessType: string }> {
  try {
    if (route === undefined) throw new Refused(404, 'there is no such request');
    const { content } = openEnvelope({ body: message.content.toString('utf8'), sender: user });
    const id = text(message.properties.messageId);
    const asked = { user, content: new Fields(content), id, reply: address };
    await route.before?.(asked);
    return { content: perform(route, asked, parts.database), businessType: message.fields.routingKey };
  } catch (error) {
    return { content: refusal(error, parts.log), businessType: 'refused' };
  }
}

function perform(route: Route, asked: Asked, database: Database): unknown {
  return database.transaction(() => {
    if (route.once === undefined || asked.id === undefined) return route.answer(asked);
    // The id is the client's own choice: it counts for this client only.
    const id = JSON.stringify([asked.user, asked.id]);
    const before = database.first<{ content: string }>('SELECT content FROM answered WHERE id = ?', id);
    if (before !== undefined) return JSON.parse(before.content);
    const content = route.answer(asked);
    const now = Date.now();
    database.run('DELETE FROM answered WHERE at < ?', now - ANSWERED_KEPT_MS);
    if (content !== undefined) {
      database.run('INSERT INTO answered VALUES (?, ?, ?)', id, now, JSON.stringify(content));
    }
    return content;
  });
}

function refusal(error: unknown, log: Log): unknown {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof EnvelopeError) return { status: 400, message: error.message };
  log.warn('a request failed', { reason: reasonOf(error) });
  return { status: 500, message: 'the service has made a mistake' };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
