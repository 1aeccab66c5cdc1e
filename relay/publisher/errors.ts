/**
 * Stable, for programs:
 *
 * | code | |
 * |---|---|
 * | `ERR_OPTIONS` | the options are wrong; nothing was opened or sent |
 * | `ERR_CONNECT` | the broker refuses the very connection (password, virtual host, certificate) |
 * | `ERR_DESTINATION`, `ERR_BODY`, `ERR_HEADERS`, `ERR_REPLY_TO`, `ERR_TOO_LARGE` | the message is wrong; it was not sent |
 * | `ERR_BUFFER_FULL` | with `whenFull: 'reject'`: too much waits already; it was not sent |
 * | `ERR_TIMEOUT`, `ERR_ABORTED` | the caller's time is over, or its signal said so |
 * | `ERR_EXPIRED` | its `expiration` ended before it could be sent |
 * | `ERR_REFUSED` | the broker refuses the message (permissions, size) |
 * | `ERR_NO_EXCHANGE` | a reply names an exchange that does not exist |
 * | `ERR_SOME_FAILED` | `toUsers`: see `failures` |
 * | `ERR_CLOSED` | the publisher is closed |
 * | `ERR_OUTBOX`, `ERR_OUTBOX_IN_USE` | the outbox cannot be used, or another process uses it |
 */
export type PublishErrorCode =
  | 'ERR_OPTIONS'
  | 'ERR_CONNECT'
  | 'ERR_DESTINATION'
  | 'ERR_BODY'
  | 'ERR_HEADERS'
  | 'ERR_REPLY_TO'
  | 'ERR_TOO_LARGE'
  | 'ERR_BUFFER_FULL'
  | 'ERR_TIMEOUT'
  | 'ERR_ABORTED'
  | 'ERR_EXPIRED'
  | 'ERR_REFUSED'
  | 'ERR_NO_EXCHANGE'
  | 'ERR_SOME_FAILED'
  | 'ERR_CLOSED'
  | 'ERR_OUTBOX'
  | 'ERR_OUTBOX_IN_USE';

export interface PublishErrorDetail {
  readonly mayHaveArrived?: boolean;
  readonly cause?: unknown;
  readonly failures?: readonly UserFailure[];
}

/** One user of `toUsers` to whom it was not published. */
export interface UserFailure {
  readonly user: string;
  readonly error: unknown;
}

/** Everything that a publisher throws or rejects with. No password is in it. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  /**
   * True when the message was sent at least once, or is in the outbox: it may be at the broker, or get there yet. Who tries
   * again uses the same `messageId`, so that readers can tell. False: it was not sent and will not be.
   */
  readonly mayHaveArrived: boolean;
  /** Of `ERR_SOME_FAILED`. */
  readonly failures: readonly UserFailure[];

  constructor(
    readonly code: PublishErrorCode,
    message: string,
    { mayHaveArrived = false, cause, failures = [] }: PublishErrorDetail = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.mayHaveArrived = mayHaveArrived;
    this.failures = failures;
  }
}
