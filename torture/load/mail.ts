import { setTimeout as delay } from 'node:timers/promises';
import { MAILBOX } from './protocol.js';

/** One message as `POST /api/unread/pull` gives it. */
export interface PulledMessage {
  id: string;
  body: string;
}

interface PullAnswer {
  messages: PulledMessage[];
  lease?: string;
  remaining: number;
}

const PAGE = 100;
const REQUEST_MS = 10_000;
const PAUSE_MS = 300;
/** Answers after which the same request is worth another try. */
const LATER = new Set([429, 502, 503, 504]);
/** The lease is over, or was given by a relay that is gone: what it held comes again. */
const OVER = new Set([404, 409, 410]);

/** One user's unread mail over HTTP. Relays are taken in turns, so that a lease is often acknowledged elsewhere. */
export class Mail {
  private turn: number;

  /**
   * @param relays their addresses, `http://…`.
   * @param onTrouble told of each attempt that failed.
   */
  constructor(
    private readonly relays: readonly string[],
    private readonly token: string,
    private readonly onTrouble: (what: string) => void,
    firstTurn: number,
  ) {
    this.turn = firstTurn;
  }

  /**
   * Pulls and acknowledges until there is nothing left that can be pulled now.
   * @param patience milliseconds for everything; then the rest is left for another time.
   * @returns whether it got to the end.
   * @throws Error for an answer that trying again does not help.
   */
  async pullAll(patience: number, receive: (message: PulledMessage) => void): Promise<boolean> {
    const deadline = Date.now() + patience;
    for (;;) {
      const answer = await this.request('pull', { destination: MAILBOX, limit: PAGE }, deadline);
      if (!answer) return false;
      const { messages, lease } = answer as PullAnswer;
      if (messages.length === 0) return true;
      for (const message of messages) receive(message);
      if (lease !== undefined) await this.request('ack', { lease }, deadline);
    }
  }

  /** The answer's JSON; undefined when the time was up first, or the lease was over. */
  private async request(what: 'pull' | 'ack', body: object, deadline: number): Promise<unknown> {
    while (Date.now() < deadline) {
      const relay = this.relays[this.turn++ % this.relays.length];
      try {
        const response = await fetch(`${relay}/api/unread/${what}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(REQUEST_MS),
        });
        const text = await response.text();
        if (response.ok) return text === '' ? {} : JSON.parse(text);
        this.onTrouble(`${what} ${response.status}`);
        if (what === 'ack' && OVER.has(response.status)) return undefined;
        if (!LATER.has(response.status)) throw new Refused(what, response.status, text);
      } catch (error) {
        if (error instanceof Refused) throw error;
        this.onTrouble(`${what} ${reason(error)}`);
      }
      await delay(PAUSE_MS);
    }
    return undefined;
  }
}

class Refused extends Error {
  constructor(what: string, status: number, text: string) {
    super(`POST /api/unread/${what} was answered with ${status}: ${text.slice(0, 300)}`);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
}
