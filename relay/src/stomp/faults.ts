import { ProtocolError } from '../errors.js';

/** Errors that more than one file of the decoder raises. None of them repeats what the client wrote. */
export function frameTooLarge(most: number): ProtocolError {
  return new ProtocolError('ERR_FRAME_TOO_LARGE', `frames may have ${most} bytes at most`, 'tooLarge');
}

export function tooManyHeaders(most: number): ProtocolError {
  return new ProtocolError('ERR_TOO_MANY_HEADERS', `frames may have ${most} headers at most`);
}

export function headerTooLong(most: number): ProtocolError {
  return new ProtocolError('ERR_HEADER_TOO_LONG', `header lines may have ${most} bytes at most`);
}

export function badCommand(): ProtocolError {
  return new ProtocolError('ERR_BAD_COMMAND', 'the frame does not start with a STOMP command');
}

export function nulInHead(): ProtocolError {
  return new ProtocolError(
    'ERR_BAD_HEADER',
    'NUL before the end of the headers: a blank line must come between headers and body',
  );
}

export function bodyNotAllowed(command: string): ProtocolError {
  return new ProtocolError('ERR_BODY_NOT_ALLOWED', `${command} frames must not have a body`);
}

export function missingNul(): ProtocolError {
  return new ProtocolError(
    'ERR_MISSING_NUL',
    'no NUL after the body: content-length must be the number of bytes (not characters) of the body',
  );
}
