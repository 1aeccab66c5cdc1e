import type { WireFrame } from 'stomp-relay/client';

/** A frame with its number, counted from the first one that this page saw. */
export interface NumberedFrame extends WireFrame {
  readonly number: number;
  /** Bytes of the body. */
  readonly size: number;
}

/** Frames that are kept; older ones go. */
export const FRAMES_KEPT = 200;

const encoder = new TextEncoder();

/** The last frames that went by. A ring: a busy connection must not make the page slower. */
export class FrameRing {
  readonly #kept: number;
  #frames: NumberedFrame[] = [];
  #count = 0;

  constructor(kept = FRAMES_KEPT) {
    this.#kept = kept;
  }

  /** How many have gone by in all, also those that are gone. */
  get count(): number {
    return this.#count;
  }

  add(frame: WireFrame): void {
    this.#count += 1;
    this.#frames.push({ ...frame, number: this.#count, size: encoder.encode(frame.body).length });
    // Half as many again before anything is moved, so that not every frame moves them all.
    if (this.#frames.length >= this.#kept * 1.5) this.#frames = this.#frames.slice(-this.#kept);
  }

  /** Newest first. */
  latest(): readonly NumberedFrame[] {
    return this.#frames.slice(-this.#kept).reverse();
  }

  clear(): void {
    this.#frames = [];
  }
}

/** What the filter offers. */
export type FrameFilter = 'all' | 'no-beats' | 'messages' | 'sent' | 'subscriptions' | 'receipts';

const commands: Partial<Record<FrameFilter, readonly string[]>> = {
  messages: ['MESSAGE'],
  sent: ['SEND'],
  subscriptions: ['SUBSCRIBE', 'UNSUBSCRIBE'],
  receipts: ['RECEIPT', 'ERROR', 'CONNECT', 'CONNECTED', 'STOMP', 'DISCONNECT'],
};

export function passes(frame: WireFrame, filter: FrameFilter): boolean {
  if (filter === 'all') return true;
  if (filter === 'no-beats') return frame.command !== 'heart-beat';
  return commands[filter]?.includes(frame.command) ?? false;
}

/** What a frame is about, for its line in the list. */
export function subjectOf({ headers }: WireFrame): string {
  return (
    headers.destination ??
    headers['receipt-id'] ??
    headers.message ??
    headers.id ??
    headers['user-name'] ??
    headers.host ??
    ''
  );
}

/** `512` → `512 B`, `2048` → `2.0 kB`. */
export const bytes = (n: number): string => (n < 1000 ? `${n} B` : `${(n / 1000).toFixed(1)} kB`);

/** A body as people read it: JSON with line breaks. */
export function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}
