import { type Log, reasonOf } from './log.js';

/** Milliseconds, or the shortest and the longest of which one is drawn. */
export type Span = number | readonly [shortest: number, longest: number];

/** What a service does later or again and again; all of it ends with `close`. */
export class Schedule {
  private readonly timers = new Set<NodeJS.Timeout>();
  private closed = false;

  /**
   * @param speed how many times faster than in life everything goes: tests do not wait
   * @param quiet nothing happens again and again
   */
  constructor(
    private readonly speed: number,
    private readonly quiet: boolean,
    private readonly log: Log,
  ) {}

  after(span: Span, work: () => void): void {
    if (this.closed) return;
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        try {
          work();
        } catch (error) {
          this.log.warn('something that was due failed', { reason: reasonOf(error) });
        }
      },
      this.scaled(draw(span)),
    );
    this.timers.add(timer);
  }

  every(span: Span, work: () => void): void {
    if (this.quiet) return;
    this.after(span, () => {
      this.every(span, work);
      work();
    });
  }

  /** A time of life as it is here, in milliseconds. */
  scaled(milliseconds: number): number {
    return milliseconds / this.speed;
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

/** Milliseconds, drawn from the span. */
export function draw(span: Span): number {
  if (typeof span === 'number') return span;
  const [shortest, longest] = span;
  return shortest + Math.random() * (longest - shortest);
}
