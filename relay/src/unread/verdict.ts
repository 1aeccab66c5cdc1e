import type { MessageProperties, Options } from 'amqplib';
import { readKey } from './address.js';

/** What the keeper is asked by other relays: through the intake, so that it is done after everything that came before. */
export const COMMANDS = ['passed', 'remove', 'clear'] as const;
export type Command = (typeof COMMANDS)[number];

/** What becomes of a message in the intake. */
export type Verdict =
  | { kind: 'keep'; key: string; properties: Options.Publish }
  | { kind: 'command'; command: Command; key: string }
  /** Nobody wants it any more. */
  | { kind: 'drop'; reason: 'worthless' | 'expired' }
  /** Nobody could ever get it. */
  | { kind: 'reject'; reason: string };

/** Names a message of the keeper's, in the mailbox and on its way there. Not shown to clients. */
export const KEEPER_ID = 'x-relay-id';

/** Headers of the way that a message has come; a CC or BCC would have the broker send copies of it once more. */
const OF_THE_WAY = /^(x-death|x-(first|last)-death-.*|x-delivery-count|x-acquired-count|CC|BCC|x-relay-.*)$/;
const HEADER_UNREAD = 'relay-unread';
/** A message that ends its keeper each time must not do so for ever. */
const DELIVERIES_MOST = 100;

/** RabbitMQ's bound on `expiration`, in milliseconds: it closes the channel on which a longer one is published. */
const MAX_EXPIRATION = 2 ** 32 - 1;

/** An entry of `x-death`; anybody may have written it. */
interface Death {
  reason?: unknown;
  queue?: unknown;
  exchange?: unknown;
  /** Seconds, as amqplib writes a timestamp within a table. */
  time?: { value?: unknown } | null;
  'original-expiration'?: unknown;
}

/**
 * Judges a message of the intake.
 * @param exchange where it was published; '' is straight into the intake, which only relays do
 * @param nodeTtl milliseconds after which a message leaves the queue of a dead relay
 * @param now milliseconds since 1970
 */
export function judge(
  exchange: string,
  routingKey: string,
  properties: MessageProperties,
  body: Buffer,
  nodeTtl: number,
  now: number,
): Verdict {
  const headers: Record<string, unknown> = properties.headers ?? {};
  if (exchange === '' || isFromNodeQueue(headers['x-death'])) {
    const command = COMMANDS.find((name) => name === properties.type);
    const key = commandKey(body);
    return command && key !== undefined
      ? { kind: 'command', command, key }
      : {
          kind: 'reject',
          reason: 'published straight into a queue of the relay: publish to exchange relay.user',
        };
  }
  if (Number(headers['x-delivery-count'] ?? 0) > DELIVERIES_MOST) {
    return { kind: 'reject', reason: `taken ${DELIVERIES_MOST} times, and its keeper ended each time` };
  }
  if (headers[HEADER_UNREAD] === 'drop') return { kind: 'drop', reason: 'worthless' };
  const left = timeLeft(properties, headers['x-death'], nodeTtl, now);
  if (left !== undefined && left <= 0) return { kind: 'drop', reason: 'expired' };
  try {
    readKey(routingKey);
  } catch (error) {
    return { kind: 'reject', reason: (error as Error).message };
  }
  return { kind: 'keep', key: routingKey, properties: kept(properties, headers, left) };
}

/** Published straight into the queue of a relay: a command that has gone the way of what it is to come behind. */
function isFromNodeQueue(deaths: unknown): boolean {
  if (!Array.isArray(deaths) || deaths.length !== 1) return false;
  const { exchange, queue } = (deaths[0] ?? {}) as Death;
  return exchange === '' && typeof queue === 'string' && queue.startsWith('relay.node.');
}

/** The properties that a mailbox has as they came. */
const PASSED_ON = [
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'messageId',
  'timestamp',
  'type',
  'appId',
  'priority',
] as const;

/** What is published into the mailbox. */
function kept(
  properties: MessageProperties,
  headers: Record<string, unknown>,
  left: number | undefined,
): Options.Publish {
  const own: Record<string, unknown> = {};
  for (const name in headers) if (!OF_THE_WAY.test(name)) own[name] = headers[name];
  // The broker refuses a message, and closes the channel, when this property is not the publisher's own login.
  if (properties.userId) own['user-id'] = properties.userId;
  return {
    headers: own,
    deliveryMode: 2,
    ...passedOn(properties),
    ...(left === undefined ? {} : { expiration: String(left) }),
  };
}

/**
 * Milliseconds until the message expires; undefined when it never does. Where the broker dead-lettered it, it took the
 * `expiration` away and noted it. What the message has waited in a dead relay's queue or in the intake counts.
 */
function timeLeft(
  properties: MessageProperties,
  deaths: unknown,
  nodeTtl: number,
  now: number,
): number | undefined {
  if (properties.expiration !== undefined) return milliseconds(properties.expiration);
  const list: (Death | null | undefined)[] = Array.isArray(deaths) ? deaths : [];
  const death = list.find((one) => one?.['original-expiration'] !== undefined);
  const expiration = milliseconds(death?.['original-expiration']);
  if (!death || expiration === undefined) return undefined;
  // The shorter of the queue's time and the message's own has ended it.
  const waited = death.reason === 'expired' ? Math.min(expiration, nodeTtl) : 0;
  const seconds = death.time?.value;
  const since = Number.isSafeInteger(seconds) ? Math.max(0, now - Number(seconds) * 1000 - 1000) : 0;
  return expiration - waited - since;
}

function milliseconds(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{1,10}$/.test(value)) return undefined;
  return Math.min(Number(value), MAX_EXPIRATION);
}

function commandKey(body: Buffer): string | undefined {
  try {
    const key: unknown = JSON.parse(body.toString());
    return typeof key === 'string' && key.includes('.') ? key : undefined;
  } catch {
    return undefined;
  }
}

/** What a publisher said of its message, as far as it said it. */
function passedOn(properties: MessageProperties): Options.Publish {
  const said = PASSED_ON.filter((name) => properties[name] !== undefined);
  return Object.fromEntries(said.map((name) => [name, properties[name]]));
}
