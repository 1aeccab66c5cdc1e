import { isUtf8 } from 'node:buffer';
import type { HeaderList, StompVersion } from '../../relay/src/stomp/frame.js';
import type { DecoderLimits } from '../../relay/src/stomp/limits.js';

export const CLIENT_COMMANDS: readonly string[] = [
  'CONNECT',
  'STOMP',
  'SEND',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'ACK',
  'NACK',
  'BEGIN',
  'COMMIT',
  'ABORT',
  'DISCONNECT',
];
export const SERVER_COMMANDS: readonly string[] = ['CONNECTED', 'MESSAGE', 'RECEIPT', 'ERROR'];
const WITH_BODY = ['SEND', 'MESSAGE', 'ERROR'];
const NOT_ESCAPED = ['CONNECT', 'STOMP', 'CONNECTED'];
const SINCE_1_1 = ['STOMP', 'NACK'];
const [NUL, LF, CR] = [0, 10, 13];

export interface ReferenceFrame {
  command: string;
  headers: HeaderList;
  /** Octets as Latin-1. */
  body: string;
}

/** `fault`: the bytes break STOMP or a limit; `open`: they end within a frame. */
export interface Reading {
  frames: ReferenceFrame[];
  verdict: 'ok' | 'fault' | 'open';
}

class Fault extends Error {}
class Open extends Error {}

/**
 * STOMP read in the plainest way, strictly, from bytes that are all there: slow, and so short that it can be compared
 * with the specification by eye. What the decoder says is held against it.
 */
export function referenceDecode(
  bytes: Buffer,
  sentBy: 'client' | 'server',
  version: StompVersion,
  limits: DecoderLimits,
): Reading {
  const frames: ReferenceFrame[] = [];
  let at = 0;
  try {
    while (at < bytes.length) {
      if (bytes[at] === LF) at += 1;
      else if (bytes[at] === CR) {
        if (at + 1 === bytes.length) throw new Open();
        if (bytes[at + 1] !== LF) throw new Fault();
        at += 2;
      } else {
        const { frame, end } = readFrame(bytes, at, sentBy, version, limits);
        frames.push(frame);
        at = end;
      }
    }
    return { frames, verdict: 'ok' };
  } catch (error) {
    if (error instanceof Fault) return { frames, verdict: 'fault' };
    if (error instanceof Open) return { frames, verdict: 'open' };
    throw error;
  }
}

function readFrame(
  bytes: Buffer,
  start: number,
  sentBy: 'client' | 'server',
  version: StompVersion,
  limits: DecoderLimits,
): { frame: ReferenceFrame; end: number } {
  let at = start;
  const line = (): Buffer => {
    const feed = bytes.indexOf(LF, at);
    if (feed < 0) throw bytes.indexOf(NUL, at) >= 0 ? new Fault() : new Open();
    const end = bytes[feed - 1] === CR && feed > at ? feed - 1 : feed;
    const text = bytes.subarray(at, end);
    if (text.includes(CR) || text.includes(NUL) || !isUtf8(text)) throw new Fault();
    at = feed + 1;
    return text;
  };

  const command = line().toString();
  const known = sentBy === 'client' ? CLIENT_COMMANDS : SERVER_COMMANDS;
  if (!known.includes(command) || (version === '1.0' && SINCE_1_1.includes(command))) throw new Fault();
  const pairs: [string, string][] = [];
  for (let text = line(); text.length > 0; text = line()) {
    const colon = text.indexOf(':');
    if (colon < 1 || text.length > limits.maxHeaderBytes || pairs.length >= limits.maxHeaders)
      throw new Fault();
    pairs.push([text.subarray(0, colon).toString(), text.subarray(colon + 1).toString()]);
  }
  const plain = version === '1.0' || NOT_ESCAPED.includes(command);
  const spaced =
    sentBy === 'client' &&
    (version === '1.0' || (plain && !pairs.some(([name]) => name === 'accept-version')));
  const headers = pairs.flatMap(([name, value]) => {
    const [left, right] = plain ? [name, value] : [undo(name, version), undo(value, version)];
    return [left, spaced ? right.replace(/^ +/, '') : right];
  });

  const length = bodyLength(headers, pairs);
  const end = length === undefined ? bytes.indexOf(NUL, at) : at + Number(length);
  if (!WITH_BODY.includes(command)) {
    if (length !== undefined && length > 0n) throw new Fault();
    if (at >= bytes.length) throw new Open();
    if (bytes[at] !== NUL) throw new Fault();
  } else if (length !== undefined && BigInt(at - start) + length + 1n > BigInt(limits.maxFrameBytes))
    throw new Fault();
  else if (end < 0 || end >= bytes.length) throw new Open();
  else if (bytes[end] !== NUL) throw new Fault();
  const stop = WITH_BODY.includes(command) ? end : at;
  if (stop + 1 - start > limits.maxFrameBytes) throw new Fault();
  return { frame: { command, headers, body: bytes.subarray(at, stop).toString('latin1') }, end: stop + 1 };
}

/** What all `content-length` headers agree on. The name counts as it is on the wire. */
function bodyLength(headers: HeaderList, pairs: [string, string][]): bigint | undefined {
  if (!pairs.some(([name]) => name === 'content-length')) return undefined;
  const values = headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === 'content-length');
  if (values.some((value) => !/^[0-9]+$/.test(value))) throw new Fault();
  const lengths = new Set(values.map(BigInt));
  if (lengths.size !== 1) throw new Fault();
  return [...lengths][0];
}

function undo(text: string, version: StompVersion): string {
  return text.replace(/\\([\s\S]?)/g, (_, code: string) => {
    if (code === 'n') return '\n';
    if (code === 'c') return ':';
    if (code === '\\') return '\\';
    if (code === 'r' && version === '1.2') return '\r';
    throw new Fault();
  });
}
