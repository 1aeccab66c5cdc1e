import { retryAfter } from './backoff.js';
import { RelayError } from './errors.js';

/** Longer than the relay itself waits for unread mail to settle. */
const TIMEOUT_MS = 150_000;

/** An answer other than 2xx. */
export class HttpRefused extends RelayError {
  constructor(
    readonly status: number,
    code: string,
    message: string,
    /** Milliseconds; 0 when the relay did not say. */
    readonly retryAfter: number,
  ) {
    super(code, message);
  }
}

/**
 * One request to the relay's API.
 * @throws HttpRefused, or whatever `fetch` throws when the relay cannot be reached
 */
export async function ask<T>(
  method: 'GET' | 'POST',
  url: string,
  token: string,
  body?: object,
  timeout = TIMEOUT_MS,
): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeout),
  });
  if (response.ok) return (await response.json()) as T;
  const told = (await response.json().catch(() => undefined)) as
    | { error?: { code?: string; message?: string } }
    | undefined;
  throw new HttpRefused(
    response.status,
    told?.error?.code ?? 'ERR_HTTP',
    told?.error?.message ?? `HTTP ${response.status}`,
    retryAfter(response.headers.get('retry-after')),
  );
}
