import { MESSAGE } from './commands.js';
import { encodeFrame } from './encoder.js';
import type { HeaderList, StompVersion } from './frame.js';
import { isSpecial, wireHeaders } from './wire-headers.js';

/** A MESSAGE that is ready but for its `subscription` header. */
export interface PreparedMessage {
  /**
   * The whole frame for one subscription, in memory of its own; `subscription` is its first header.
   * @throws ProtocolError ERR_UNREPRESENTABLE_HEADER for an id with NUL.
   */
  encode(subscription: string): Buffer;
}

const COMMAND_LINE = 'MESSAGE\n';

/**
 * For fan-out: everything but the subscription is checked, escaped and written once; each further
 * subscription id costs little more than copying the bytes.
 * @param headers unescaped; a `subscription` among them is ignored.
 * @throws ProtocolError as `encodeFrame`.
 */
export function prepareMessage(headers: HeaderList, body: Buffer, version: StompVersion): PreparedMessage {
  const others = headers.filter((_, i) => headers[i & ~1] !== 'subscription');
  const rest = encodeFrame('MESSAGE', others, body, version).subarray(COMMAND_LINE.length);
  return {
    encode(subscription) {
      const id = isSpecial(subscription) ? escapedId(subscription, version) : subscription;
      const start = `${COMMAND_LINE}subscription:${id}\n`;
      const startBytes = Buffer.byteLength(start);
      const frame = Buffer.allocUnsafe(startBytes + rest.length);
      frame.write(start, 0, 'utf8');
      frame.set(rest, startBytes);
      return frame;
    },
  };
}

function escapedId(subscription: string, version: StompVersion): string {
  return wireHeaders(['subscription', subscription], MESSAGE, version)[1] ?? '';
}
