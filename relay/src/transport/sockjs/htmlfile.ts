import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Framing } from './pages.js';

const SCRIPT = '<script>';

/**
 * Makes an htmlfile answer safe. The package writes every message into a `<script>` of a page of this host, and leaves a
 * `</script>` in it as it is: whoever can send somebody a message could run anything there. So each `<` of a message
 * is written as an escape, and only scripts with the answer's own nonce run at all.
 */
export function secureHtmlfile(response: ServerResponse, framing: Framing): void {
  const nonce = randomBytes(16).toString('base64url');
  framing.allow(response, `script-src 'nonce-${nonce}'`);
  const write = response.write.bind(response) as (chunk: string) => boolean;
  let isHead = true;
  response.write = ((chunk: string) => {
    const safe = isHead ? chunk.replaceAll(SCRIPT, `<script nonce="${nonce}">`) : secureChunk(chunk, nonce);
    isHead = false;
    return write(safe);
  }) as ServerResponse['write'];
}

const CHUNK = /^<script>\n([\s\S]*)\n<\/script>\r\n$/;

/** One message: `<script>\np("…");\n</script>\r\n`. What does not look like that is not written at all. */
export function secureChunk(chunk: string, nonce: string): string {
  const call = CHUNK.exec(chunk)?.[1] ?? '';
  return `<script nonce="${nonce}">\n${call.replaceAll('<', '\\u003c')}\n</script>\r\n`;
}
