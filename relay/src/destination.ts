/** What a client wants to do with a destination. */
export type Action = 'subscribe' | 'send';

/**
 * A destination that is well-formed, in the form in which policy and upstream use it.
 * `text` is what the client wrote; `words` is the canonical form that policy rules are matched on:
 * one list of words per segment (`/user/bob/topic/a.b` → `[['bob'], ['topic','a','b']]`).
 */
export type Destination =
  | { kind: 'user'; text: string; words: string[][]; userWord: string; rest: string; key: string }
  | { kind: 'topic' | 'app'; text: string; words: string[][]; key: string }
  | { kind: 'queue' | 'amq-queue' | 'temp-queue' | 'reply-queue'; text: string; words: string[][]; name: string }
  | { kind: 'exchange'; text: string; words: string[][]; exchange: string; key: string };
