import { ProtocolError } from '../errors.js';
import type { HeaderList } from './frame.js';

/**
 * The length that a frame's `content-length` headers give, in octets. Strictly digits: what another reader
 * could take differently (`+5`, ` 5`, `1e3`) is refused, and so are two headers that disagree, because a
 * frame whose end is a matter of opinion can hide another one. A number too large to count exactly
 * comes back as Number.MAX_SAFE_INTEGER, which no limit allows.
 * @throws ProtocolError ERR_BAD_CONTENT_LENGTH
 */
export function readContentLength(headers: HeaderList): number {
  let agreed = -1;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'content-length') continue;
    const length = parse(headers[i + 1] ?? '');
    if (agreed >= 0 && length !== agreed) {
      throw new ProtocolError('ERR_BAD_CONTENT_LENGTH', 'two content-length headers disagree');
    }
    agreed = length;
  }
  return agreed;
}

function parse(value: string): number {
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw malformed();
    length = Math.min(length * 10 + digit, Number.MAX_SAFE_INTEGER);
  }
  if (value.length === 0) throw malformed();
  return length;
}

function malformed(): ProtocolError {
  return new ProtocolError('ERR_BAD_CONTENT_LENGTH', 'content-length must be a whole number of bytes');
}
