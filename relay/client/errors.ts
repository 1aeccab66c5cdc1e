/**
 * Thrown by the application's `token` when there is none to be had: the user is signed out. The client stops, where any
 * other error makes it try again.
 */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly code = 'ERR_TOKEN_REFUSED';

  constructor(message = 'no token is to be had: sign in again') {
    super(message);
  }
}

/**
 * What was asked for was not done. `code` is the relay's own where it said no (`ERR_FORBIDDEN` …, see PROTOCOL.md), else
 * `ERR_TIMEOUT`, `ERR_QUEUE_FULL`, `ERR_UNSUBSCRIBED`, `ERR_STOPPED`, `ERR_CLOSED`, `ERR_HTTP` or `ERR_LOST`.
 */
export class RelayError extends Error {
  override readonly name = 'RelayError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
