import { messageOf, RelayError, TokenRefused } from '../errors.js';
import type { ToldError } from './protocol.js';

export function told(error: unknown): ToldError {
  const { name = 'Error', code = 'ERR_INTERNAL' } = (error ?? {}) as { name?: string; code?: string };
  return { name, code: String(code), message: messageOf(error) };
}

/** What it was on the other side. */
export function untold({ name, code, message }: ToldError): Error {
  return name === 'TokenRefused' ? new TokenRefused(message) : new RelayError(code, message);
}
