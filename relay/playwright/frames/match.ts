import type { FrameMatch, StompFrame } from '../types.js';

/** Why a frame is not the one that is looked for; undefined when it is. */
export function mismatch(frame: StompFrame, match: FrameMatch): string | undefined {
  if (match.direction !== undefined && frame.direction !== match.direction) {
    return `it went ${frame.direction}`;
  }
  if (match.command !== undefined && frame.command !== match.command) return `it is ${frame.command}`;
  const headers = {
    ...(match.destination === undefined ? {} : { destination: match.destination }),
    ...match.headers,
  };
  for (const [name, wanted] of Object.entries(headers)) {
    const value = frame.headers[name];
    if (value === undefined) return `it has no header ${name}`;
    if (!isText(value, wanted)) return `its ${name} is ${JSON.stringify(value)}`;
  }
  return match.body === undefined ? undefined : bodyMismatch(frame.body, match.body);
}

function bodyMismatch(body: string, wanted: NonNullable<FrameMatch['body']>): string | undefined {
  if (typeof wanted === 'string' || wanted instanceof RegExp) {
    return isText(body, wanted) ? undefined : `its body is ${shorten(JSON.stringify(body))}`;
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return `its body is not JSON: ${shorten(JSON.stringify(body))}`;
  }
  const where = difference(value, wanted, '');
  return where === undefined ? undefined : `in its body ${where}`;
}

function isText(value: string, wanted: string | RegExp): boolean {
  if (typeof wanted === 'string') return value === wanted;
  // A pattern with "g" or "y" remembers where it was.
  return new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, '')).test(value);
}

/** Where `value` lacks something of `wanted`, and what is there instead; undefined when it lacks nothing. */
function difference(value: unknown, wanted: unknown, path: string): string | undefined {
  const here = path === '' ? 'the whole' : path;
  const is = `${here} is ${shorten(JSON.stringify(value) ?? 'not there')}`;
  if (typeof wanted !== 'object' || wanted === null) return Object.is(value, wanted) ? undefined : is;
  if (isMatcher(wanted)) return wanted.asymmetricMatch(value) ? undefined : is;
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(wanted))
    return is;
  if (Array.isArray(value) && Array.isArray(wanted) && value.length !== wanted.length) {
    return `${here} has ${value.length} entries`;
  }
  for (const [key, part] of Object.entries(wanted)) {
    const inner = path === '' ? key : `${path}.${key}`;
    const found = difference((value as Record<string, unknown>)[key], part, inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `expect.any(String)` and its kind. */
function isMatcher(wanted: object): wanted is { asymmetricMatch(value: unknown): boolean } {
  return 'asymmetricMatch' in wanted && typeof wanted.asymmetricMatch === 'function';
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
