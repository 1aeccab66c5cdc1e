import type { ClosureName } from './closures.js';

/**
 * An error that a client is meant to see: `message` goes into the ERROR frame's `message` header,
 * `detail` into its body, and `closure` names the row of the close-code table that follows.
 * `code` is stable and for programs.
 */
export class RelayError extends Error {
  readonly code: string;
  readonly closure: ClosureName;
  readonly detail: string | undefined;
  /** Seconds after which another attempt makes sense; undefined when it is not a matter of time. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, closure: ClosureName, detail?: string, retryAfter?: number) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.closure = closure;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/** The client broke STOMP. */
export class ProtocolError extends RelayError {
  constructor(code: string, message: string, closure: ClosureName = 'protocolError', detail?: string) {
    super(code, message, closure, detail);
  }
}

/** The token is missing, bad or spent. Never carries the token. */
export class AuthError extends RelayError {
  constructor(code: string, message: string, closure: ClosureName = 'unauthorized') {
    super(code, message, closure);
  }
}

/** A destination that no rule could make valid. */
export class DestinationError extends RelayError {
  constructor(code: string, message: string) {
    super(code, message, 'protocolError');
  }
}

/** The policy says no. */
export class ForbiddenError extends RelayError {
  /** @param about what was not allowed */
  constructor(
    message: string,
    detail?: string,
    readonly about?: { readonly action: string; readonly destination: string },
  ) {
    super('ERR_FORBIDDEN', message, 'forbidden', detail);
  }
}

/** The relay lets nobody in any more, because it is about to end. */
export class GoingAwayError extends RelayError {
  constructor() {
    super('ERR_GOING_AWAY', 'the relay is going away: connect again', 'goingAway', undefined, 1);
  }
}

/** Too many connections, requests or failures of one address, user or tenant. `limit` is the setting's name. */
export class LimitError extends RelayError {
  constructor(
    code: string,
    message: string,
    readonly limit: string,
    retryAfter: number,
  ) {
    super(code, message, 'tooEarly', undefined, Math.max(1, Math.ceil(retryAfter)));
  }
}
