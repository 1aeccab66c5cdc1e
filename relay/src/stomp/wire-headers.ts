import { ProtocolError } from '../errors.js';
import type { CommandRule } from './commands.js';
import { escapeHeader } from './escapes.js';
import type { HeaderList, StompVersion } from './frame.js';

const SPECIAL = /[\0\n\r:\\]/;

/**
 * Whether a text holds a character that some version escapes or cannot write. Made for joined headers: on a long
 * text five searches are faster than one pattern.
 */
export function isSpecial(text: string): boolean {
  return (
    text.includes('\n') ||
    text.includes(':') ||
    text.includes('\\') ||
    text.includes('\r') ||
    text.includes('\0')
  );
}

/** What a way of writing headers cannot write, in a name and in a value. NUL is never among them. */
interface Notation {
  readonly escapes: boolean;
  readonly badName: RegExp;
  readonly badValue: RegExp;
}

/** STOMP 1.2 escapes everything; the empty name is no name in any version. */
const FULL: Notation = { escapes: true, badName: /^$/, badValue: /[^\s\S]/ };
/** STOMP 1.1 has no escape for CR. */
const WITHOUT_CR: Notation = { escapes: true, badName: /^$|\r/, badValue: /\r/g };
/** STOMP 1.0, and CONNECT and CONNECTED of every version. */
const PLAIN: Notation = { escapes: false, badName: /^$|[\n\r:]/, badValue: /[\n\r]/g };

function notation(rule: CommandRule, version: StompVersion): Notation {
  if (version === '1.0' || !rule.escaped) return PLAIN;
  return version === '1.1' ? WITHOUT_CR : FULL;
}

/**
 * The headers as they are written, without `content-length`, which is the encoder's own.
 *
 * Some characters cannot be written: LF, CR and a colon in a name where nothing is escaped (1.0,
 * CONNECT, CONNECTED), and CR in 1.1. In a frame to the broker they are refused, for nothing may be sent
 * that the client did not say. In a frame to a client they must not cost the message, which anybody
 * could have written: in a value LF and CR become a space, and a header with such a name is left out.
 * @throws ProtocolError ERR_UNREPRESENTABLE_HEADER; for NUL always.
 */
export function wireHeaders(headers: HeaderList, rule: CommandRule, version: StompVersion): HeaderList {
  const { escapes, badName, badValue } = notation(rule, version);
  const written: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (name === 'content-length') continue;
    if (name !== '' && !SPECIAL.test(name) && !SPECIAL.test(value)) {
      written.push(name, value);
      continue;
    }
    if (name.includes('\0') || value.includes('\0')) throw unrepresentable('NUL in a header', version);
    if (rule.sentBy === 'server') {
      if (badName.test(name)) continue;
      const clean = value.replace(badValue, ' ');
      written.push(escapes ? escapeHeader(name) : name, escapes ? escapeHeader(clean) : clean);
    } else {
      if (badName.test(name)) throw unrepresentable('such a header name', version);
      if (value.search(badValue) >= 0) throw unrepresentable('a line end in this header', version);
      written.push(escapes ? escapeHeader(name) : name, escapes ? escapeHeader(value) : value);
    }
  }
  return written;
}

function unrepresentable(what: string, version: StompVersion): ProtocolError {
  return new ProtocolError('ERR_UNREPRESENTABLE_HEADER', `STOMP ${version} cannot write ${what}`);
}
