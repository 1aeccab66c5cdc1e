import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../errors.js';
import { type CommandRule, commandRule, LONGEST_COMMAND } from './commands.js';
import { readContentLength } from './content-length.js';
import { unescapeHeader } from './escapes.js';
import { badCommand, bodyNotAllowed, headerTooLong, nulInHead, tooManyHeaders } from './faults.js';
import { type HeaderList, header, type StompVersion } from './frame.js';
import type { DecoderLimits } from './limits.js';

const REPLACEMENT = '\uFFFD';
const LENGTH_NAME = 'content-length';

/** How much is looked at first. Most heads fit; for a longer one the window grows geometrically. */
const FIRST_WINDOW = 512;

/** The head of a frame: everything before its body. */
export interface Head {
  rule: CommandRule;
  headers: HeaderList;
  /** Octets from the start of the command to the end of the blank line. */
  size: number;
  /** Octets of the body; -1 when the body runs to the first NUL. */
  bodyLength: number;
}

/**
 * Reads heads of frames.
 *
 * It works on a Latin-1 string, where one character is one octet, because V8 searches and slices
 * strings several times faster than JavaScript walks over bytes. Only a head with an octet above 127 is
 * read a second time as UTF-8.
 *
 * Frames from clients ('server' side) are read strictly. In frames from the broker ('client' side) only the
 * framing is: what a service put into an AMQP header (NUL, broken UTF-8, an empty name) is
 * mended, since refusing it would end a link that many clients share, again at every redelivery.
 */
export class HeadReader {
  readonly #strict: boolean;
  readonly #limits: DecoderLimits;

  constructor(side: 'server' | 'client', limits: DecoderLimits) {
    this.#strict = side === 'server';
    this.#limits = limits;
  }

  /**
   * The head that starts at `at`, or undefined when its end is not in `bytes` yet.
   * @throws ProtocolError as soon as the frame is known to be bad.
   */
  read(bytes: Buffer, at: number, version: StompVersion): Head | undefined {
    const available = bytes.length - at;
    let window = Math.min(FIRST_WINDOW, available);
    let text = bytes.toString('latin1', at, at + window);
    let head = this.#split(text, version);
    while (head === undefined && window < available) {
      window = Math.min(window * 8, available);
      text = bytes.toString('latin1', at, at + window);
      head = this.#split(text, version);
    }
    if (head === undefined) return undefined;
    if (Buffer.byteLength(text) !== text.length) head = this.#asUtf8(head, bytes, at, version);
    this.#refine(head, text, version);
    return head;
  }

  #split(text: string, version: StompVersion): Head | undefined {
    const commandEnd = text.indexOf('\n');
    if (commandEnd < 0) {
      if (text.length > LONGEST_COMMAND + 1 || text.includes('\0')) throw badCommand();
      return undefined;
    }
    let cr = text.indexOf('\r');
    const rule = this.#known(text.slice(0, endOfLine(commandEnd, cr)), version);
    if (cr >= 0 && cr < commandEnd) cr = text.indexOf('\r', commandEnd);
    const { maxHeaders, maxHeaderBytes } = this.#limits;
    const headers: HeaderList = [];
    let bodyLength = -1;
    let lines = 0;
    let start = commandEnd + 1;
    for (;;) {
      const feed = text.indexOf('\n', start);
      if (feed < 0) {
        if (this.#strict && text.includes('\0')) throw nulInHead();
        return undefined;
      }
      const end = endOfLine(feed, cr);
      if (end < feed) cr = text.indexOf('\r', feed);
      if (end === start) return { rule, headers, size: feed + 1, bodyLength };
      lines++;
      if (end - start > maxHeaderBytes) throw headerTooLong(maxHeaderBytes);
      if (lines > maxHeaders) throw tooManyHeaders(maxHeaders);
      const colon = text.indexOf(':', start);
      if (colon < 0 || colon >= end) {
        throw new ProtocolError('ERR_BAD_HEADER', `header line ${lines} has no colon`);
      }
      if (colon > start) {
        if (colon - start === LENGTH_NAME.length && text.startsWith(LENGTH_NAME, start)) bodyLength = 0;
        headers.push(text.slice(start, colon), text.slice(colon + 1, end));
      } else if (this.#strict) {
        throw new ProtocolError('ERR_BAD_HEADER', `header line ${lines} has no name before its colon`);
      }
      start = feed + 1;
    }
  }

  #known(command: string, version: StompVersion): CommandRule {
    const rule = commandRule(command);
    if (rule === undefined || (rule.sentBy === 'client') !== this.#strict) throw badCommand();
    if (rule.since > version) {
      throw new ProtocolError('ERR_BAD_COMMAND', `STOMP ${version} has no ${rule.name}`);
    }
    return rule;
  }

  #asUtf8(head: Head, bytes: Buffer, at: number, version: StompVersion): Head {
    const text = bytes.toString('utf8', at, at + head.size);
    const doubtful = text.includes(REPLACEMENT);
    // A sequence of several octets makes fewer characters than octets: what was not ASCII is the body.
    if (text.length === head.size && !doubtful) return head;
    if (doubtful && this.#strict && !isUtf8(bytes.subarray(at, at + head.size))) {
      throw new ProtocolError('ERR_BAD_HEADER', 'headers must be UTF-8');
    }
    const again = this.#split(text, version);
    return again === undefined ? head : { ...again, size: head.size };
  }

  /** What most heads do not need: NUL, escapes, the white space of 1.0, the length of the body. */
  #refine(head: Head, text: string, version: StompVersion): void {
    const { rule, headers, size } = head;
    const nul = text.indexOf('\0');
    if (nul >= 0 && nul < size) {
      if (this.#strict) throw nulInHead();
      transform(headers, (one) => one.replaceAll('\0', REPLACEMENT));
    }
    const slash = text.indexOf('\\');
    if (slash >= 0 && slash < size && rule.escaped && version !== '1.0') {
      transform(headers, (one) => unescapeHeader(one, version));
    }
    if (this.#strict && isOldClient(rule, headers, version)) {
      for (let i = 1; i < headers.length; i += 2) headers[i] = (headers[i] ?? '').replace(/^ +/, '');
    }
    if (head.bodyLength >= 0) head.bodyLength = readContentLength(headers);
    if (this.#strict && !rule.body) {
      // RabbitMQ would look at the length of SEND only, and take this body for the next frames.
      if (head.bodyLength > 0) throw bodyNotAllowed(rule.name);
      head.bodyLength = 0;
    }
  }
}

/**
 * Where the text of a line ends whose LF is at `feed`, when `cr` is the next CR at or after the line's start.
 * RabbitMQ refuses a CR elsewhere in every version, and libraries that drop each CR would read another header.
 */
function endOfLine(feed: number, cr: number): number {
  if (cr < 0 || cr > feed) return feed;
  if (cr < feed - 1) throw new ProtocolError('ERR_BAD_HEADER', 'CR is only allowed before LF');
  return cr;
}

/**
 * Clients of 1.0 may write a space after the colon, which RabbitMQ drops for them alone. Before CONNECT is
 * answered, one without `accept-version` is such a client.
 */
function isOldClient(rule: CommandRule, headers: HeaderList, version: StompVersion): boolean {
  return version === '1.0' || (!rule.escaped && header(headers, 'accept-version') === undefined);
}

function transform(headers: HeaderList, change: (text: string) => string): void {
  for (let i = 0; i < headers.length; i++) headers[i] = change(headers[i] ?? '');
}
