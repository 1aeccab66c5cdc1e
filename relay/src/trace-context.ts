import type { HeaderList } from './stomp/frame.js';

/** The headers of W3C Trace Context, which go through in both directions where they are well-formed. */
export const TRACEPARENT = 'traceparent';
export const TRACESTATE = 'tracestate';

/** A version that is not known may be longer, when a dash comes next (Trace Context, 3.2.4). */
const PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const PARENT_MOST = 256;
/** What everybody must pass on (3.3.1.5); more is not. */
const STATE_MOST = 512;
const MEMBERS_MOST = 32;
/** 3.3.1.3.1: a simple key, or tenant@system. */
const KEY = /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})$/;
/** 3.3.1.3.2: printable ASCII without comma and equals sign, and no space at the end. */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Reads `traceparent` (Trace Context, 3.2); undefined when it is malformed. */
export function readTraceparent(value: string): TraceParent | undefined {
  if (value.length > PARENT_MOST) return undefined;
  const [, version, traceId, spanId, flags, more] = PARENT.exec(value) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Version 00 ends with the flags (3.2.2).
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Whether `tracestate` is well-formed (Trace Context, 3.3). */
export function isTracestate(value: string): boolean {
  if (value.length > STATE_MOST) return false;
  const members = value
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  if (members.length === 0 || members.length > MEMBERS_MOST) return false;
  const keys = new Set<string>();
  for (const member of members) {
    const at = member.indexOf('=');
    const key = member.slice(0, Math.max(0, at));
    if (keys.has(key) || !KEY.test(key) || !VALUE.test(member.slice(at + 1))) return false;
    keys.add(key);
  }
  return true;
}

export function isTraceHeader(name: string): boolean {
  return name === TRACEPARENT || name === TRACESTATE;
}

/**
 * What goes on of the trace headers that came, the first of each: nothing without a good `traceparent`, for `tracestate`
 * means nothing alone (Trace Context, 3.3).
 */
export function passedTrace(headers: HeaderList): HeaderList {
  let parent: string | undefined;
  let state: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === TRACEPARENT) parent ??= headers[i + 1];
    else if (headers[i] === TRACESTATE) state ??= headers[i + 1];
  }
  if (parent === undefined || !readTraceparent(parent)) return [];
  return state === undefined || !isTracestate(state)
    ? [TRACEPARENT, parent]
    : [TRACEPARENT, parent, TRACESTATE, state];
}
