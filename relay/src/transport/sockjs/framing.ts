import type { Outgoing } from '../../outbound/outgoing.js';

/** Tells a client that the body was no text and is base64 now. */
export const ENCODING_HEADER = 'relay-encoding';

/** A STOMP frame as SockJS can carry it: text, and the body in base64 when the frame is not UTF-8. */
export function textOf(frame: Outgoing): string {
  frame.text ??= frame.isText ? frame.bytes.toString() : inBase64(frame.bytes);
  return frame.text;
}

function inBase64(bytes: Buffer): string {
  const headEnd = bytes.indexOf('\n\n');
  const body = bytes.subarray(headEnd + 2, -1).toString('base64');
  const [command, ...headers] = bytes.toString('utf8', 0, headEnd).split('\n');
  // The sender's own header of that name would say something about another body.
  const kept = headers.filter((line) => !/^(?:content-length|relay-encoding):/.test(line));
  const head = [command, `${ENCODING_HEADER}:base64`, ...kept, `content-length:${body.length}`];
  return `${head.join('\n')}\n\n${body}\0`;
}

/** What SockJS says when a session opens. */
export const OPEN_MESSAGE = 'o';

/** Ends of lines and invisible characters that some JavaScript engines and proxies do not take as they are. */
const FRAGILE = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g;

/** The message that carries these texts. */
export function arrayMessage(texts: readonly string[]): string {
  return `a${JSON.stringify(texts).replace(FRAGILE, escaped)}`;
}

/** The message with which a session ends. */
export function closeMessage(code: number, reason: string): string {
  return `c${JSON.stringify([code, reason])}`;
}

/**
 * What a client's message over a SockJS WebSocket carries: `["…","…"]`, or one string. Several are joined, since STOMP
 * is a stream of bytes.
 * @returns undefined for what is neither
 */
export function readMessage(data: Buffer): Buffer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
  } catch {
    return undefined;
  }
  const texts = Array.isArray(value) ? (value as unknown[]) : [value];
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  return Buffer.from(texts.join(''));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
