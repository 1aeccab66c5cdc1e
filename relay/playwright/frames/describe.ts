import type { FrameMatch, StompFrame } from '../types.js';
import { mismatch } from './match.js';

/** Failures are read in reports that many people see. */
const SECRETS = /^((x-)?authorization|x-auth-token|passcode|token)$/i;
const FRAMES_SHOWN = 20;
const BODY_SHOWN = 200;

/** One frame in one line, without secrets. */
export function describeFrame({ at, socket, direction, command, headers, body }: StompFrame): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const shown = Object.entries(headers).map(
    ([name, value]) => `${name}:${SECRETS.test(name) ? '[secret]' : value}`,
  );
  const text = body.length > BODY_SHOWN ? `${body.slice(0, BODY_SHOWN)}…` : body;
  return [
    `${time} #${socket} ${direction === 'in' ? '<-' : '->'} ${command}`,
    ...shown,
    ...(text === '' ? [] : [JSON.stringify(text)]),
  ].join(' ');
}

/** What is looked for, in one line: `MESSAGE in /user/topic/reply "hello"`. */
export function describeMatch({ direction, command, destination, headers, body }: FrameMatch): string {
  const parts = [
    command ?? 'a frame',
    direction,
    destination === undefined ? undefined : String(destination),
    headers === undefined
      ? undefined
      : Object.entries(headers)
          .map(([name, value]) => `${name}:${SECRETS.test(name) ? '[secret]' : value}`)
          .join(' '),
    body === undefined ? undefined : body instanceof RegExp ? String(body) : JSON.stringify(body),
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** What one page did. */
export interface Seen {
  readonly frames: readonly StompFrame[];
  /** Frames that earlier calls have returned. */
  readonly taken: ReadonlySet<StompFrame>;
  /** How many WebSockets it has opened. */
  readonly sockets: number;
  /** What the browser said of those that failed. */
  readonly errors: ReadonlySet<string>;
}

/** Why nothing was found: what the page did see, and what the frames of the same command lack. */
export function describeFailure(match: FrameMatch, { frames, taken, sockets, errors }: Seen): string {
  const title = `No such frame: ${describeMatch(match)}`;
  if (sockets === 0) return `${title}\n${NO_SOCKET}`;
  const last = frames.slice(-FRAMES_SHOWN);
  const lines = last.map((frame) => {
    const why = taken.has(frame) ? 'an earlier expectFrame has returned it' : mismatch(frame, match);
    const worthIt = match.command === undefined || frame.command === match.command;
    return `  ${describeFrame(frame)}${worthIt && why !== undefined ? `\n      ${why}` : ''}`;
  });
  const count =
    frames.length > last.length ? `${frames.length}, the last ${last.length} being` : frames.length;
  const failed = [...errors].slice(-3).map((error) => `  failed ${withoutQuery(error)}`);
  return [`${title}\nWebSockets of the page: ${sockets}`, ...failed, `Frames: ${count}`, ...lines].join('\n');
}

/** Tokens and tickets may stand in an address. */
function withoutQuery(text: string): string {
  return text.replace(/\?\S*/g, '?…').replace(/\/socket\/\S+/g, '/socket/…');
}

const NO_SOCKET =
  'The page has opened no WebSocket that Playwright sees. It does not see those of a SharedWorker: test.use({ sharedWorkers: ' +
  'false }) gives each tab a socket of its own. Nor does it see frames over the HTTP transports of SockJS.';
