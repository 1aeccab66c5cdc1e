import type { ConsumeMessage } from 'amqplib';
import { openEnvelope } from 'stomp-relay/envelope';
import { EVENT_EXCHANGE } from './address.js';
import type { Subscription } from './amqp.js';
import type { Database } from './database.js';
import type { Outbox } from './outbox.js';

/** Something that has happened in another service. */
export interface Event {
  /** The same when it comes again. */
  readonly id: string;
  /** The routing key: `order.shipped`. */
  readonly what: string;
  readonly at: number;
  readonly content: unknown;
  /** It was worked on before. */
  readonly again: boolean;
  readonly replyTo: string | undefined;
  readonly correlationId: string | undefined;
}

export interface EventHandlers {
  readonly keys: readonly string[];
  /** In one transaction with the entry in the log of events. */
  readonly handle: (event: Event) => void;
}

export const EVENTS_SCHEMA =
  'CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, what TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL);';
/** Entries of the log of events. */
export const EVENTS_KEPT = 10_000;

/** The queue `service.{name}.events`: what other services have said. */
export function events(
  handlers: EventHandlers,
  service: string,
  database: Database,
  outbox: Outbox,
): Subscription {
  return {
    queue: `service.${service}.events`,
    exchange: EVENT_EXCHANGE,
    keys: handlers.keys,
    handle: async (message) => {
      database.transaction(() => {
        const happened = read(message);
        handlers.handle({ ...happened, again: !remember(happened, database) });
      });
      outbox.flush();
    },
  };
}

/** @throws Error for what no service of ours has said */
function read({ content, fields, properties }: ConsumeMessage): Omit<Event, 'again'> {
  // The relay writes this into everything that a client sends.
  if (properties.headers?.['relay-user'] !== undefined) throw new Error('an event that a client has sent');
  if (typeof properties.messageId !== 'string') throw new Error('an event without an id');
  const envelope = openEnvelope({ body: content.toString('utf8'), sender: undefined });
  return {
    id: properties.messageId,
    what: fields.routingKey,
    at: envelope.timestamp,
    content: envelope.content,
    replyTo: properties.replyTo,
    correlationId: properties.correlationId,
  };
}

/** @returns false for one that is in the log already */
function remember({ id, what, at, content }: Omit<Event, 'again'>, database: Database): boolean {
  const added = database.run(
    'INSERT INTO events (id, what, at, content) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    id,
    what,
    at,
    JSON.stringify(content ?? null),
  );
  database.run(`DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - ${EVENTS_KEPT}`);
  return added > 0;
}
