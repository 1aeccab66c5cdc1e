import type { IncomingMessage } from 'node:http';
import { HttpError } from '../../http/errors.js';

/**
 * Reads a request's body of at most `limit` bytes. The `sockjs` package would read any: it never gets the stream.
 * @returns undefined when the client went away before the end
 * @throws HttpError 413 as soon as it is known to be too large, 415 for a compressed one
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const { headers } = request;
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new HttpError(415, 'ERR_UNSUPPORTED_MEDIA_TYPE', 'the body must not be compressed');
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  if (request.destroyed) return undefined;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        // The rest stays with the client: the answer closes the connection.
        request.pause();
        reject(tooLarge(limit));
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('close', () => resolve(undefined));
    request.once('error', () => resolve(undefined));
  });
}

/** The connection cannot be used again: nobody reads the rest of the body. */
function tooLarge(limit: number): HttpError {
  const message = `the messages of one request take at most ${limit} bytes`;
  return new HttpError(413, 'ERR_TOO_LARGE', message, { Connection: 'close' });
}
