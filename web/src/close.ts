import { type Advice, type Closure, closures } from '../../relay/src/closures.js';

/** What a close means for the page. */
export interface CloseVerdict {
  /** For the user, with the code. */
  reason: string;
  /** Connect again without being asked? */
  reconnect: boolean;
}

/** What the page knew when the connection closed. */
export interface CloseContext {
  /** A fresh token can be had without the user (demo mode). */
  canRenewToken: boolean;
  /** The connection had got as far as CONNECTED. */
  wasConnected: boolean;
}

const byCode = new Map<number, Closure>(Object.values(closures).map((closure) => [closure.code, closure]));

/** Codes that no relay sends: the browser's own, and the one stompjs gives a socket that it gave up. */
const localReasons = new Map<number, string>([
  [1005, 'closed without a reason'],
  [1006, 'the connection broke or the relay cannot be reached'],
  [4001, 'the relay did not answer in time'],
]);

/** Reads a close code by the relay's own table. Unknown codes are worth another try. */
export function judgeClose(code: number, reason: string, context: CloseContext): CloseVerdict {
  const closure = byCode.get(code);
  // 1000 is the table's "stop", but a page that did not ask to leave wants its connection back.
  const advice: Advice = closure === undefined || code === 1000 ? 'retry' : closure.advice;
  const text = localReasons.get(code) ?? (reason !== '' ? reason : (closure?.reason ?? 'closed'));
  return { reason: `${text} (code ${code})`, reconnect: reconnects(advice, context) };
}

function reconnects(advice: Advice, context: CloseContext): boolean {
  if (advice === 'retry') return true;
  // A token that is refused straight after it was fetched would be refused for ever.
  return advice === 'new-token' && context.canRenewToken && context.wasConnected;
}
