import { ProtocolError } from '../errors.js';
import type { StompVersion } from './frame.js';

const BACKSLASH = 0x5c;

/**
 * Undoes the escapes of one header name or value (STOMP 1.2, Value Encoding; 1.1 has no `\r`, 1.0 has
 * no escapes at all and gets the text back as it is).
 * @throws ProtocolError ERR_BAD_ESCAPE for an escape that the version does not define, which the
 *   specification calls fatal: two readers that guess differently can be played against each other.
 */
export function unescapeHeader(text: string, version: StompVersion): string {
  if (version === '1.0') return text;
  let at = text.indexOf('\\');
  if (at < 0) return text;
  let plain = '';
  let copied = 0;
  while (at >= 0) {
    plain += text.slice(copied, at) + unescaped(text.charCodeAt(at + 1), version);
    copied = at + 2;
    at = text.indexOf('\\', copied);
  }
  return plain + text.slice(copied);
}

function unescaped(code: number, version: StompVersion): string {
  switch (code) {
    case 0x63: // c
      return ':';
    case 0x6e: // n
      return '\n';
    case BACKSLASH:
      return '\\';
    case 0x72: // r
      if (version === '1.2') return '\r';
  }
  const known = version === '1.2' ? '\\r, \\n, \\c and \\\\' : '\\n, \\c and \\\\';
  throw new ProtocolError('ERR_BAD_ESCAPE', `undefined escape in a header: STOMP ${version} has ${known}`);
}

const TO_ESCAPE = /[\\:\n\r]/;
const EACH_TO_ESCAPE = /[\\:\n\r]/g;

/**
 * Escapes one header name or value for STOMP 1.1 or 1.2. Says nothing about what the version cannot
 * represent (NUL, and CR in 1.1): see header-text.ts.
 */
export function escapeHeader(text: string): string {
  return TO_ESCAPE.test(text) ? text.replace(EACH_TO_ESCAPE, escaped) : text;
}

function escaped(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case ':':
      return '\\c';
    default:
      return '\\\\';
  }
}
