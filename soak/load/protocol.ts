/** What the parts of the run agree on. */

export const TOPICS = 20;

/** A topic on which clients ask with a reply-to of their own. */
export const ANSWERED = 'public.ask';

export function topicKey(topic: number): string {
  return `public.soak.${topic}`;
}

/** The body of every message to a topic, as JSON. */
export interface TopicBody {
  topic: number;
  /** Of this topic's messages, from 1, without gaps. */
  number: number;
}

/** What the clients did and saw since their start. */
export interface Tally {
  /** Visits that ended as they were meant to. */
  visits: number;
  /** What cut a visit short, with counts. */
  troubles: Record<string, number>;
  /** What clients did, with counts. */
  done: Record<string, number>;
  /** Messages of topics. */
  topicMessages: number;
  /** Messages of topics that a subscriber did not get between two that it got. */
  topicGaps: number;
}
