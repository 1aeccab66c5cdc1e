/** A body is no envelope, or what should become one is not fit for it; `message` names the field. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
  readonly code = 'ERR_ENVELOPE';
}
