import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';

const HOUR_S = 3600;

const IFRAME_PAGE =
  '<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8"><title>SockJS</title>' +
  '<script src="sockjs.js"></script><script src="iframe.js"></script></head>\n<body></body>\n</html>\n';

/** The frame inside of this one sets its domain, which makes it another origin where this one does not. */
const BOOTSTRAP = 'document.domain = document.domain;\nSockJS.bootstrap_iframe();\n';

let client: Buffer | undefined;

/** The client library, so that the page of the iframe transports needs nobody else's host. */
function clientLibrary(): Buffer {
  client ??= readFileSync(createRequire(import.meta.url).resolve('sockjs-client/dist/sockjs.min.js'));
  return client;
}

/** Serves what the iframe transports load. */
export function servePage(
  kind: 'iframe' | 'script' | 'bootstrap',
  response: ServerResponse,
  framing: Framing,
): void {
  response.setHeader('Cache-Control', `public, max-age=${HOUR_S}`);
  if (kind === 'iframe') {
    framing.allow(response, "script-src 'self'; connect-src 'self'; frame-src 'self'");
    end(response, 'text/html', IFRAME_PAGE);
  } else {
    loadableAnywhere(response);
    end(response, 'text/javascript', kind === 'script' ? clientLibrary() : BOOTSTRAP);
  }
}

/** Lets pages of other hosts load it as a script. What a script from here holds, only who knows the session's address gets. */
export function loadableAnywhere(response: ServerResponse): void {
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
}

/** Which pages may show ours in a frame. */
export class Framing {
  private readonly ancestors: string;

  /**
   * Never just any page, even where any Origin may connect: a frame from here is a page of this host, so what it sends
   * carries the visitor's cookie, and it does what the page around it says.
   * @param allowed RELAY_ALLOWED_ORIGINS
   */
  constructor(allowed: readonly string[] | undefined) {
    const listed = (allowed ?? []).filter((entry) => entry !== '*' && entry !== 'null');
    this.ancestors = ["'self'", ...listed].join(' ');
  }

  /** @param rules what the frame itself may do, in the words of a Content-Security-Policy */
  allow(response: ServerResponse, rules: string): void {
    response.removeHeader('X-Frame-Options');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    response.setHeader(
      'Content-Security-Policy',
      `default-src 'none'; ${rules}; base-uri 'none'; form-action 'none'; frame-ancestors ${this.ancestors}`,
    );
  }
}

function end(response: ServerResponse, type: string, body: string | Buffer): void {
  response.setHeader('Content-Type', `${type}; charset=UTF-8`);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
