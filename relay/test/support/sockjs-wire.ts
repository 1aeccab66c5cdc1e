import { randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { TextSocket } from './sockjs-socket.js';

export type HttpDialect = 'htmlfile' | 'jsonp-polling' | 'xhr-polling' | 'xhr-streaming';

interface Dialect {
  readonly receive: (session: string) => string;
  readonly method: 'GET' | 'POST';
  readonly send: string;
  /** Takes the whole messages out of what has come, and leaves the rest. */
  read(text: string): { messages: string[]; rest: string };
}

/** @param unwrap the message in what the pattern's group has caught */
function pieces(pattern: RegExp, unwrap: (caught: string) => string) {
  return (text: string) => {
    const messages: string[] = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      messages.push(unwrap(match[1] ?? ''));
      end = match.index + match[0].length;
    }
    return { messages, rest: text.slice(end) };
  };
}

const inString = (caught: string) => JSON.parse(caught) as string;
const lines = pieces(/([^\n]+)\n/g, (line) => (/^h{2,}$/.test(line) ? '' : line));

const DIALECTS: Record<HttpDialect, Dialect> = {
  htmlfile: {
    receive: (session) => `${session}/htmlfile?c=parent.callback`,
    method: 'GET',
    send: 'xhr_send',
    read: pieces(/<script nonce="[\w-]+">\np\((".*")\);\n<\/script>\r\n/g, inString),
  },
  'jsonp-polling': {
    receive: (session) => `${session}/jsonp?c=_jp.aabc123`,
    method: 'GET',
    send: 'jsonp_send',
    read: pieces(/\/\*\*\/_jp\.aabc123\((".*")\);\r\n/g, inString),
  },
  'xhr-polling': { receive: (session) => `${session}/xhr`, method: 'POST', send: 'xhr_send', read: lines },
  'xhr-streaming': {
    receive: (session) => `${session}/xhr_streaming`,
    method: 'POST',
    send: 'xhr_send',
    read: lines,
  },
};

/** A SockJS client over HTTP, every request of which a test can see, hold back and cut. */
export class HttpWire implements TextSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((error: unknown) => void) | null = null;
  readyState = 0;
  /** Asks no more once what is under way has been answered. */
  holdsBack = false;
  /** The requests for messages so far. */
  asked = 0;
  readonly session: string;
  /** All that has come, as it came. */
  raw = '';
  private response: IncomingMessage | undefined;
  private isFrozen = false;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly dialect: Dialect;
  private readonly outbox: string[] = [];
  /** Whether something that was sent is not taken yet. */
  sending = false;
  private text = '';
  private waiting = false;

  constructor(
    readonly url: string,
    kind: HttpDialect,
    private readonly headers: Record<string, string> = {},
    session = `${url}/000/${randomBytes(8).toString('hex')}`,
  ) {
    this.session = session;
    this.dialect = DIALECTS[kind];
    this.ask();
  }

  send(text: string): void {
    this.outbox.push(text);
    this.deliver();
  }

  /** As a closed tab. */
  close(): void {
    this.finish(1000, '');
  }

  /** Reads nothing any more from its sockets. */
  freeze(): void {
    this.isFrozen = true;
    this.response?.pause();
  }

  /** Goes on asking. */
  resume(): void {
    this.holdsBack = false;
    if (this.waiting) this.ask();
  }

  private ask(): void {
    this.waiting = this.holdsBack;
    if (this.holdsBack || this.readyState === 3) return;
    this.asked++;
    const { method } = this.dialect;
    const sent = request(this.dialect.receive(this.session), {
      method,
      agent: this.agent,
      headers: this.headers,
    });
    sent.on('response', (response) => {
      this.text = '';
      this.response = response;
      if (this.isFrozen) return;
      response.setEncoding('utf8').on('data', (chunk: string) => this.take(chunk));
      response.on('end', () => {
        if (response.statusCode === 200) this.ask();
        else this.finish(1006, `HTTP ${response.statusCode}: ${this.text}`);
      });
      response.on('error', () => this.finish(1006, 'cut'));
    });
    sent.on('error', () => this.finish(1006, 'cut'));
    sent.end();
  }

  private take(chunk: string): void {
    this.raw += chunk;
    const { messages, rest } = this.dialect.read(this.text + chunk);
    this.text = rest;
    for (const message of messages) this.handle(message);
  }

  private handle(message: string): void {
    const content: unknown = message.length > 1 ? JSON.parse(message.slice(1)) : undefined;
    if (message === 'o') {
      this.readyState = 1;
      this.onopen?.();
    } else if (message.startsWith('a')) {
      for (const data of content as string[]) this.onmessage?.({ data });
    } else if (message.startsWith('c')) {
      const [code, reason] = content as [number, string];
      this.finish(code, reason);
    }
  }

  private deliver(): void {
    if (this.sending || this.outbox.length === 0 || this.readyState === 3) return;
    this.sending = true;
    const json = JSON.stringify(this.outbox.splice(0));
    const isForm = this.dialect.send === 'jsonp_send';
    const sent = request(`${this.session}/${this.dialect.send}`, {
      method: 'POST',
      agent: this.agent,
      headers: {
        ...this.headers,
        'content-type': isForm ? 'application/x-www-form-urlencoded' : 'text/plain',
      },
    });
    sent.on('response', (response) => {
      response.resume();
      this.sending = false;
      const ok = (response.statusCode ?? 0) < 300;
      if (ok) this.deliver();
      else this.finish(1006, `HTTP ${response.statusCode} to what was sent`);
    });
    sent.on('error', () => this.finish(1006, 'cut'));
    sent.end(isForm ? new URLSearchParams({ d: json }).toString() : json);
  }

  private finish(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.agent.destroy();
    setImmediate(() => this.onclose?.({ code, reason }));
  }
}
