import { Amqp, type Subscription } from './amqp.js';
import { Database } from './database.js';
import { EVENTS_SCHEMA, type EventHandlers, events } from './events.js';
import { type Log, lineLog } from './log.js';
import { OUTBOX_SCHEMA, Outbox } from './outbox.js';
import { ANSWERED_SCHEMA, type Routes, requests } from './requests.js';
import { Schedule } from './schedule.js';

/** Where a service runs. */
export interface Surroundings {
  readonly amqpUrl: string;
  /** For the database files, one for each service. */
  readonly dataFolder: string;
  /** How many times faster than in life; tests do not wait. Default 1. */
  readonly speed?: number;
  /** Nothing happens unless somebody asks for it: no price moves, no announcement is made. Default false. */
  readonly quiet?: boolean;
  /** Default: lines of JSON on standard error. */
  readonly log?: (service: string) => Log;
}

/** What a service works with. */
export interface Parts {
  readonly database: Database;
  readonly outbox: Outbox;
  readonly schedule: Schedule;
  readonly log: Log;
}

export interface Behaviour {
  readonly requests?: Routes;
  readonly events?: EventHandlers;
  /** Once it is connected: what it does by itself, and what it had not finished. */
  readonly begin?: () => void;
}

export interface ServiceDefinition {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** Tables of its own. */
  readonly schema: string;
  readonly build: (parts: Parts) => Behaviour;
}

export interface RunningService {
  readonly name: string;
  /** Finishes what is in hand. Nothing is lost: the rest is done after the next start. */
  close(): Promise<void>;
}

/** Resolves once it is connected to the broker, however long that takes; `signal` gives up. */
export async function startService(
  definition: ServiceDefinition,
  { amqpUrl, dataFolder, speed = 1, quiet = false, log: logFor = lineLog }: Surroundings,
  signal?: AbortSignal,
): Promise<RunningService> {
  const { name } = definition;
  const log = logFor(name);
  const schema = [OUTBOX_SCHEMA, ANSWERED_SCHEMA, EVENTS_SCHEMA, definition.schema].join('\n');
  const database = Database.open(dataFolder, name, schema);
  const schedule = new Schedule(speed, quiet, log);
  // The outbox publishes over a connection whose subscriptions need the outbox.
  const connection: { amqp: Amqp | undefined } = { amqp: undefined };
  const amqp = () => {
    if (connection.amqp === undefined) throw new Error('the service has not begun');
    return connection.amqp;
  };
  const outbox = new Outbox(database, amqp, log);
  const behaviour = definition.build({ database, outbox, schedule, log });
  const subscriptions: Subscription[] = [];
  if (behaviour.requests !== undefined) {
    subscriptions.push(requests(behaviour.requests, { service: name, database, outbox, amqp, log }));
  }
  if (behaviour.events !== undefined) subscriptions.push(events(behaviour.events, name, database, outbox));
  connection.amqp = new Amqp(amqpUrl, name, subscriptions, log);

  const close = async () => {
    schedule.close();
    const emptied = outbox.close();
    await amqp().close();
    await emptied;
    database.close();
  };
  const giveUp = () => void close();
  signal?.addEventListener('abort', giveUp, { once: true });
  await connection.amqp.ready();
  signal?.removeEventListener('abort', giveUp);
  behaviour.begin?.();
  outbox.flush();
  return { name, close };
}
