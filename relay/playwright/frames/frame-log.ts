import type { BrowserContext, Page, WebSocket } from 'playwright/test';
import type { FrameMatch, StompFrame } from '../types.js';
import { describeFailure, describeFrame, type Seen } from './describe.js';
import { mismatch } from './match.js';
import { SocketFrames } from './socket-frames.js';

/** More than any test looks at; the oldest go first. */
const MOST = 10_000;

interface Watched extends Seen {
  readonly frames: StompFrame[];
  readonly taken: Set<StompFrame>;
  sockets: number;
  readonly errors: Set<string>;
}

/** The STOMP frames of every page of a test, from the page's first socket on. */
export class FrameLog {
  readonly #pages = new Map<Page, Watched>();

  /** Watches all pages of a context, also those to come. */
  watchContext(context: BrowserContext): void {
    for (const page of context.pages()) this.watch(page);
    context.on('page', (page) => this.watch(page));
  }

  /** Watches one page; sockets that it has opened before stay unseen. */
  watch(page: Page): void {
    if (this.#pages.has(page)) return;
    const watched: Watched = { frames: [], taken: new Set(), sockets: 0, errors: new Set() };
    this.#pages.set(page, watched);
    page.on('websocket', (socket) => listen(socket, watched));
  }

  /**
   * All frames of a page, oldest first.
   * @throws Error for a page that is not watched
   */
  of(page: Page): readonly StompFrame[] {
    return this.#watched(page).frames;
  }

  /** The first frame that fits and that was not taken before. */
  take(page: Page, match: FrameMatch): StompFrame | undefined {
    const { frames, taken } = this.#watched(page);
    const found = frames.find((frame) => !taken.has(frame) && mismatch(frame, match) === undefined);
    if (found !== undefined) taken.add(found);
    return found;
  }

  /** Why `take` finds nothing. */
  explain(page: Page, match: FrameMatch): string {
    return describeFailure(match, this.#watched(page));
  }

  /** All frames of all pages, for a report; empty when there was none. */
  describe(): string {
    return [...this.#pages]
      .filter(([, { frames }]) => frames.length > 0)
      .map(([page, { frames }], n) =>
        [`page ${n + 1}: ${page.url()}`, ...frames.map(describeFrame)].join('\n'),
      )
      .join('\n\n');
  }

  #watched(page: Page): Watched {
    const watched = this.#pages.get(page);
    if (watched === undefined) {
      throw new Error(
        'This page is not watched: call frames.watch(page) before it is opened (Playwright before 1.60 does not tell of ' +
          'contexts that a test makes by itself).',
      );
    }
    return watched;
  }
}

function listen(socket: WebSocket, watched: Watched): void {
  watched.sockets += 1;
  const number = watched.sockets;
  const url = socket.url();
  const frames = new SocketFrames(url, (frame) => {
    watched.frames.push({ ...frame, at: Date.now(), socket: number, url });
    if (watched.frames.length > MOST) watched.frames.shift();
  });
  socket.on('socketerror', (error) => watched.errors.add(`#${number} ${url}: ${error}`));
  socket.on('framesent', ({ payload }) => frames.push('out', payload));
  socket.on('framereceived', ({ payload }) => frames.push('in', payload));
}
