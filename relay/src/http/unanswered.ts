import type { Response } from 'express';

/** The longest time that a timer can wait, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `undo` once when the client goes away, or is refused, before it was sent the whole answer. After `patience`
 * milliseconds a client that reads no further is let go, since it would keep its answer in memory for as long as it likes.
 */
export function unlessAnswered(response: Response, patience: number, undo: () => void): void {
  // Nobody is told again that the client has left already.
  if (response.destroyed) {
    undo();
    return;
  }
  const deadline = setTimeout(() => response.destroy(), Math.min(patience, MAX_TIMER_MS));
  deadline.unref();
  response.once('close', () => {
    clearTimeout(deadline);
    if (!response.writableFinished || response.statusCode !== 200) undo();
  });
}
