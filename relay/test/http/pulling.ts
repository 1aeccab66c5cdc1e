import { type Answer, ask, type Served } from './serve.js';

export interface Message {
  id: string;
  destination: string;
  headers: Record<string, string>;
  body: string;
  encoding: string;
}
export interface Pull {
  messages: Message[];
  lease: string | null;
  expiresIn: number;
  remaining: number;
}

/** Pulls as a user's program would. */
export function pull(served: Served, body: unknown, as = 'alice'): Promise<Answer<Pull>> {
  return ask<Pull>(`${served.url}/api/unread/pull`, { as, body });
}

export const bodies = (answer: Answer<Pull>) => answer.body.messages.map(({ body }) => body);
