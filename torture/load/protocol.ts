/** What the processes of the run tell each other. */

/** Where every user is subscribed, and the routing key that reaches them there. */
export const DESTINATION = '/user/topic/reply';
/** The same destination as the HTTP interface names it: what follows the user. */
export const MAILBOX = '/topic/reply';

export function routingKey(userWord: string): string {
  return `${userWord}.topic.reply`;
}

/** How a user gets what they missed: at the end of the run, after each reconnect, or with the subscription. */
export const HABITS = ['end', 'pull', 'replay'] as const;
export type Habit = (typeof HABITS)[number];

/** How a message came to a handler: over the live subscription, by `unread: replay`, or pulled over HTTP. */
export const ROUTES = ['live', 'replayed', 'pulled'] as const;
export type Route = (typeof ROUTES)[number];

/** The body of every message, as JSON. */
export interface Body {
  user: string;
  /** Of this user's messages, from 0. */
  sequence: number;
  /** 1 the first time; more when it was published again because nobody had confirmed it. */
  attempt: number;
}

/** The id of a message names the run, so that nothing left over from another one is counted. */
export function messageId(run: string, number: number): string {
  return `${run}-${number}`;
}

/** The number in an id of this run; undefined for any other text. */
export function messageNumber(run: string, id: string | undefined): number | undefined {
  if (!id?.startsWith(`${run}-`)) return undefined;
  const digits = id.slice(run.length + 1);
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}

/** Numbers of messages that came to the handlers of one process since it last told; one entry for each time. */
export type Received = Record<Route, Uint32Array>;

/** What one client process saw that should be looked at. */
export interface CrowdTally {
  /** Connections that ended, by close code; `cut` are those that the run cut itself. */
  closes: Record<string, number>;
  /** Steps back in the order of one user's messages within one connection, repeats aside. */
  disordered: number;
  /** Messages for somebody else, or with an id or body that is not of this run; must be 0. */
  foreign: string[];
  /** What went wrong with pulls during the run, with counts; they are tried again. */
  pullTroubles: Record<string, number>;
}

/** Indexed by the number of the message. Times are milliseconds since the epoch, 0 for never. */
export interface PublishLog {
  user: Uint32Array;
  publishedAt: Float64Array;
  confirmedAt: Float64Array;
  attempts: Uint8Array;
}
