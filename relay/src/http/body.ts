import express, { type Request, type Response } from 'express';
import { HttpError } from './errors.js';

/** Reads a request's JSON body; `undefined` when there is none. */
export type JsonReader = (request: Request, response: Response) => Promise<unknown>;

/**
 * Makes the reader of JSON bodies of at most `limit` bytes. It rejects with an HttpError: 400 for what is not JSON,
 * 413 for too much of it, 415 for another type, character set or a compressed body.
 * @param onTooLarge is called for each that is over the limit
 */
export function jsonReader(limit: number, onTooLarge = () => {}): JsonReader {
  const parse = express.json({ limit, inflate: false, type: 'application/json' });
  return async (request, response) => {
    if (!hasBody(request)) return undefined;
    // A page may send text/plain and forms to any host without asking first; JSON only after a preflight.
    if (request.is('application/json') === false) throw wrongType();
    await new Promise<void>((resolve, reject) => {
      parse(request, response, (error?: unknown) => {
        if (error === undefined) return resolve();
        const refusal = explained(error, limit);
        if (refusal instanceof HttpError && refusal.status === 413) onTooLarge();
        reject(refusal);
      });
    });
    return request.body as unknown;
  };
}

/**
 * Refuses a body where none belongs: whoever names a destination there would otherwise have all of them cleared.
 * @throws HttpError 400
 */
export function refuseBody(request: Request): void {
  if (!hasBody(request)) return;
  throw new HttpError(
    400,
    'ERR_BAD_REQUEST',
    `${request.method} takes no body here; what it is about goes into the query`,
  );
}

/** RFC 9112, 6: one of the two is there whenever bytes follow. Clients write a length of 0 where there are none. */
function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function explained(error: unknown, limit: number): unknown {
  switch ((error as { type?: unknown } | undefined)?.type) {
    case 'entity.parse.failed':
      return new HttpError(400, 'ERR_BAD_JSON', 'the body is not a JSON object');
    case 'entity.too.large':
      return new HttpError(413, 'ERR_TOO_LARGE', `the body takes at most ${limit} bytes`);
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return wrongType();
    default:
      return error;
  }
}

function wrongType(): HttpError {
  return new HttpError(
    415,
    'ERR_UNSUPPORTED_MEDIA_TYPE',
    'the body takes Content-Type: application/json, in UTF-8 and not compressed',
  );
}
