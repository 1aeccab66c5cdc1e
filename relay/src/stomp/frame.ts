/** STOMP versions that the relay speaks, oldest first. */
export type StompVersion = '1.0' | '1.1' | '1.2';

/**
 * Headers as one flat list `[name, value, name, value, …]` in wire order, values unescaped.
 * A list keeps repeated names, so that the rule "the first one counts" (STOMP 1.2, Repeated Header
 * Entries) is applied where a header is read, and it is far cheaper to build than a map.
 */
export type HeaderList = string[];

/** One STOMP frame. `body` may be a view on the bytes it was decoded from; copy it to keep it long. */
export interface Frame {
  command: string;
  headers: HeaderList;
  body: Buffer;
}

export const EMPTY_BODY: Buffer = Buffer.alloc(0);

/** The first value of a header, or undefined. */
export function header(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}
