import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DenialLog } from '../../denial-log.js';
import { AuthError, GoingAwayError, LimitError, RelayError } from '../../errors.js';
import { redactUrl } from '../../handshake.js';
import { HttpError } from '../../http/errors.js';
import { requestId } from '../../http/request-id.js';
import type { Logger } from '../../logger.js';

export interface RefusalOptions {
  readonly log: Logger;
  readonly denials: DenialLog;
  /** Is told the code of every refusal. */
  onRefused(code: string): void;
}

/** Answers a request with what is wrong: `{"error":{"code","message","requestId"}}` and the HTTP status, as everywhere else. */
export function refuse(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  { log, denials, onRefused }: RefusalOptions,
): void {
  const { status, code, message, headers } = refusalOf(error);
  onRefused(code);
  const url = redactUrl(request.url ?? '/');
  const id = requestId(request);
  if (status === 500) log.error({ err: error, url, request: id }, 'SockJS request failed');
  else {
    const denial = { reason: code, message: 'SockJS request refused', address, url, request: id };
    // Whoever comes too often, or asks for what is no more, must not fill the log as well.
    denials.note(denial, status === 429 || status === 404 || error instanceof GoingAwayError);
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify({ error: { code, message, requestId: id } }));
}

function refusalOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (!(error instanceof RelayError)) return new HttpError(500, 'ERR_INTERNAL', 'internal error');
  const { code, message, closure, retryAfter } = error;
  if (error instanceof LimitError) {
    return new HttpError(429, code, message, { 'Retry-After': String(retryAfter ?? 1) });
  }
  if (error instanceof AuthError && closure !== 'internal') {
    if (closure === 'forbidden') return new HttpError(403, code, message);
    const challenge = code === 'ERR_TOKEN_MISSING' ? 'Bearer' : 'Bearer error="invalid_token"';
    return new HttpError(401, code, message, { 'WWW-Authenticate': challenge });
  }
  const again = { 'Retry-After': String(retryAfter ?? 5) };
  // The next request may be for another relay, behind the same address.
  const headers = error instanceof GoingAwayError ? { ...again, Connection: 'close' } : again;
  return new HttpError(503, code, message, headers);
}
