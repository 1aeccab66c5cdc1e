import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a proxy in front may name a request by. Nothing that could be a token, a sentence, or two lines of a log. */
const SANE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

export const REQUEST_ID = 'X-Request-Id';

const ids = new WeakMap<IncomingMessage, string>();

/** The id of a request: what `X-Request-Id` says, where that is sane, or else one that is made up. Always the same one. */
export function requestId(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const taken = typeof given === 'string' && SANE.test(given) && !given.includes('eyJ');
  const id = taken ? given : randomUUID();
  ids.set(request, id);
  return id;
}
