import { RelayError } from '../errors.js';

/** Something that cannot be done with unread mail, now or ever. `status` is the HTTP status of it. */
export class UnreadError extends RelayError {
  constructor(
    code: string,
    message: string,
    readonly status: 409 | 410 | 429 | 503,
  ) {
    super(code, message, status === 503 ? 'brokerUnavailable' : 'limitExceeded');
  }
}
