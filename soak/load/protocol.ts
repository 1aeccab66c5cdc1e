/** What the parts of the run agree on. */

export const TOPICS = 20;
export const PRIVATE_QUEUES = 20;

/** What a client asks with a reply-to of its own. */
export const ANSWERED = 'soak.ask';

export function topicKey(topic: number): string {
  return `public.soak.${topic}`;
}

export function privateQueue(index: number): string {
  return `demo.soak-${index}`;
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
