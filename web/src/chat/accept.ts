import type { ChatLine, Person, Typing } from '../../../demo/contract.js';

/** Whether what came can be shown. Typing signals are written by other people's pages: they may be anything. */
export function isChatLine(content: unknown): content is ChatLine {
  const { id, from, to, text, at } = fields(content);
  return [id, from, to, text].every((each) => typeof each === 'string') && typeof at === 'number';
}

export function isPerson(content: unknown): content is Person {
  const { user } = fields(content);
  return typeof user === 'string' && user !== '';
}

export function isTyping(content: unknown): content is Typing {
  return typeof fields(content).typing === 'boolean';
}

function fields(content: unknown): Record<string, unknown> {
  return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
}
