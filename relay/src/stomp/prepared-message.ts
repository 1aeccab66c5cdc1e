import { encodeFrame } from './encoder.js';
import { EMPTY_BODY, type HeaderList, type StompVersion } from './frame.js';

/** A MESSAGE that is ready but for its `subscription` header. */
export interface PreparedMessage {
  /**
   * The whole frame for one subscription, in memory of its own; `subscription` is its first header.
   * @throws ProtocolError ERR_UNREPRESENTABLE_HEADER for an id with NUL.
   */
  encode(subscription: string): Buffer;
}

const COMMAND_LINE = 'MESSAGE\n'.length;
/** The blank line and the NUL of a frame without a body. */
const END = 2;

/**
 * For fan-out: everything but the subscription is checked, escaped and written once; each further
 * subscription id costs little more than copying the bytes.
 * @param headers unescaped; a `subscription` among them is ignored.
 * @throws ProtocolError as `encodeFrame`.
 */
export function prepareMessage(headers: HeaderList, body: Buffer, version: StompVersion): PreparedMessage {
  const others = headers.filter((_, i) => headers[i & ~1] !== 'subscription');
  const rest = encodeFrame('MESSAGE', others, body, version).subarray(COMMAND_LINE);
  return {
    encode(subscription) {
      const start = encodeFrame('MESSAGE', ['subscription', subscription], EMPTY_BODY, version);
      const used = start.length - END;
      const frame = Buffer.allocUnsafe(used + rest.length);
      start.copy(frame, 0, 0, used);
      frame.set(rest, used);
      return frame;
    },
  };
}
