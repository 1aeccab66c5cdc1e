import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Response } from 'express';

/** Characters written between two looks at other work: a millisecond or so to make, and no small writes. */
const CHUNK = 64 * 1024;

/**
 * An answer too large to be made in one go: pieces of JSON text. Eight megabytes take 90 to 1,000 ms, in which no
 * other client would be served.
 */
export class JsonChunks {
  constructor(private readonly pieces: Iterable<string>) {}

  /** Writes the pieces no faster than the client reads. Resolves also when the client goes away meanwhile. */
  async writeTo(response: Response): Promise<void> {
    response.type('application/json');
    let chunk = '';
    for (const piece of this.pieces) {
      chunk += piece;
      if (chunk.length < CHUNK) continue;
      if (!response.write(chunk)) await writable(response);
      await nextTurn();
      if (response.destroyed) return;
      chunk = '';
    }
    response.end(chunk);
  }
}

function writable(response: Response): Promise<void> {
  // Closed already: neither event would come again.
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
