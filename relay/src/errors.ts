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

  constructor(code: string, message: string, closure: ClosureName, detail?: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.closure = closure;
    this.detail = detail;
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
  constructor(message: string, detail?: string) {
    super('ERR_FORBIDDEN', message, 'forbidden', detail);
  }
}
