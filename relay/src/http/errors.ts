import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';
import type { ClosureName } from '../closures.js';
import type { DenialLog } from '../denial-log.js';
import { ForbiddenError, RelayError } from '../errors.js';
import { redactUrl } from '../handshake.js';
import type { Logger } from '../logger.js';
import { UnreadError } from '../unread/errors.js';
import { requestId } from './request-id.js';

/** What every answer other than 2xx carries. */
export const errorSchema = z.object({
  error: z.object({
    code: z.string().meta({ description: 'Stable, for programs.', examples: ['ERR_BAD_REQUEST'] }),
    message: z.string().meta({ description: 'What is wrong and what to do about it.' }),
    requestId: z
      .string()
      .meta({ description: 'X-Request-Id of the answer; the log names the request by it.' }),
  }),
});

/** A request that is not served. `headers` go into the answer. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'HttpError';
  }
}

/** The HTTP status of errors that were made for ERROR frames; 400 for all others. */
const STATUS_OF_CLOSURE: Partial<Record<ClosureName, number>> = {
  forbidden: 403,
  tooEarly: 429,
  goingAway: 503,
  internal: 503,
  brokerUnavailable: 503,
};

/** Seconds after which a request that met a limit or a missing broker is worth another try, unless the error says so. */
const RETRY_AFTER = '1';

/** Answers what no route has: 404. */
export const notFound: RequestHandler = () => {
  throw new HttpError(404, 'ERR_NOT_FOUND', 'there is nothing at this address');
};

/** Answers a method that a path does not have with 405, and OPTIONS with the ones that it has. */
export function onlyMethods(methods: readonly string[]): RequestHandler {
  const names = methods.map((method) => method.toUpperCase());
  const allow = [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS') {
      throw new HttpError(405, 'ERR_METHOD_NOT_ALLOWED', `this address takes ${allow}`, { Allow: allow });
    }
    response.set('Allow', allow).status(204).end();
  };
}

/** Turns whatever was thrown into `{"error":{"code","message","requestId"}}`; what is not meant for clients stays in the log. */
export function answerErrors(log: Logger, denials: DenialLog): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const { status, code, message, headers } = refusalOf(error);
    const id = requestId(request);
    if (error instanceof ForbiddenError || status === 429) {
      const about = error instanceof ForbiddenError ? error.about : undefined;
      const { user } = response.locals as { user?: string };
      denials.note({ reason: code, message, user, ...about, request: id }, status === 429);
    }
    if (status >= 500) {
      const url = redactUrl(request.originalUrl);
      // A broker that is away is not a fault in here, and every request would say so.
      if (status === 503) log.warn({ error: message, url, request: id }, 'request failed');
      else log.error({ err: error, url, request: id }, 'request failed');
    }
    if (response.headersSent) {
      // An answer that ends as it should would pass for a whole one.
      response.destroy();
      return;
    }
    if (status === 429 || status === 503) response.set('Retry-After', RETRY_AFTER);
    response
      .set(headers)
      .status(status)
      .json({ error: { code, message, requestId: id } });
  };
}

function refusalOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof RelayError) {
    const status = error instanceof UnreadError ? error.status : (STATUS_OF_CLOSURE[error.closure] ?? 400);
    const { code, message, detail, retryAfter } = error;
    const headers = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
    return new HttpError(status, code, detail === undefined ? message : `${message}. ${detail}`, headers);
  }
  const status = (error as { status?: unknown } | undefined)?.status;
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpError(status, 'ERR_BAD_REQUEST', error.message);
  }
  return new HttpError(500, 'ERR_INTERNAL', 'internal error');
}
