import { ProtocolError } from '../errors.js';
import { commandRule } from './commands.js';
import { bodyNotAllowed } from './faults.js';
import type { HeaderList, StompVersion } from './frame.js';
import { isSpecial, wireHeaders } from './wire-headers.js';

const LF = 0x0a;
const COLON = 0x3a;
const NUL = 0x00;

/** Stands between names and values until the bytes are there; overwritten by position, never searched. */
const SEPARATOR = '\x01';
const LENGTH_NAME = 'content-length';
const LENGTH_FIELD = Buffer.from(`${LENGTH_NAME}:`, 'latin1');

/**
 * One frame as bytes, NUL included, no line end after it. No header can break out of its line (see
 * wire-headers.ts). A body of one octet or more always gets a `content-length`; any in the list that is
 * not that one is dropped, and an empty body has none (RabbitMQ writes the same).
 * @param headers unescaped; repeated names are kept in order.
 * @throws ProtocolError ERR_BAD_COMMAND for a command that STOMP does not have, ERR_BODY_NOT_ALLOWED for a body
 *   on anything but SEND, MESSAGE and ERROR, ERR_UNREPRESENTABLE_HEADER for what the version cannot write.
 */
export function encodeFrame(
  command: string,
  headers: HeaderList,
  body: Buffer,
  version: StompVersion,
): Buffer {
  const rule = commandRule(command);
  if (rule === undefined) {
    throw new ProtocolError('ERR_BAD_COMMAND', 'only STOMP commands can be encoded');
  }
  if (body.length > 0 && !rule.body) throw bodyNotAllowed(command);

  const digits = body.length > 0 ? String(body.length) : '';
  let list = headers;
  let text = list.join(SEPARATOR);
  let hasLength = false;
  let plain = !isSpecial(text);
  for (let i = 0; i < list.length && plain; i += 2) {
    const name = list[i] ?? '';
    if (name.length === 0) plain = false;
    if (name.length !== LENGTH_NAME.length || name !== LENGTH_NAME) continue;
    if (hasLength || digits === '' || list[i + 1] !== digits) plain = false;
    hasLength = true;
  }
  if (!plain) {
    list = wireHeaders(headers, rule, version);
    text = list.join(SEPARATOR);
    hasLength = false;
  }

  const writesLength = digits !== '' && !hasLength;
  const textBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(
    command.length +
      1 +
      (list.length > 0 ? textBytes + 1 : 0) +
      (writesLength ? LENGTH_FIELD.length + digits.length + 1 : 0) +
      1 +
      body.length +
      1,
  );
  let at = writeAscii(frame, 0, command);
  frame[at++] = LF;
  at = textBytes === text.length ? writeHeaders(frame, at, list, text) : writeUtf8Headers(frame, at, list);
  if (writesLength) {
    frame.set(LENGTH_FIELD, at);
    at = writeAscii(frame, at + LENGTH_FIELD.length, digits);
    frame[at++] = LF;
  }
  frame[at++] = LF;
  if (body.length > 0) frame.set(body, at);
  at += body.length;
  frame[at++] = NUL;
  // Memory that nobody has written to may hold other people's data: it must never leave.
  if (at !== frame.length) throw new TypeError('headers must be a list of pairs of strings');
  return frame;
}

/** For a few characters a loop is faster than a call out of JavaScript. */
function writeAscii(frame: Buffer, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) frame[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** `text` is `list` joined, all ASCII: written at once, then each separator becomes what it stands for. */
function writeHeaders(frame: Buffer, start: number, list: HeaderList, text: string): number {
  frame.write(text, start, 'latin1');
  let at = start;
  for (let i = 0; i < list.length; i += 2) {
    at += (list[i] ?? '').length;
    frame[at++] = COLON;
    at += (list[i + 1] ?? '').length;
    frame[at++] = LF;
  }
  return at;
}

function writeUtf8Headers(frame: Buffer, start: number, list: HeaderList): number {
  let text = '';
  for (let i = 0; i < list.length; i += 2) text += `${list[i]}:${list[i + 1]}\n`;
  return start + frame.write(text, start, 'utf8');
}
