import type { Outgoing } from '../outbound/outgoing.js';
import type { Lane, Waiting } from './lane.js';

/**
 * Frames that wait in front of a socket, in their order. Those of a lane may be dropped or replaced as long as they wait
 * here: once the operating system has them, nobody gets them back.
 */
export class OutboundQueue {
  private first: Waiting | undefined;
  private last: Waiting | undefined;
  private readonly lanes = new Set<Lane>();
  /** What waits, in bytes. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.first === undefined;
  }

  /** `mark` is the count of frames up to this one; without a lane it is never dropped. */
  add(frame: Outgoing, mark: number, lane?: Lane): void {
    const freed = lane?.replace(frame);
    if (freed !== undefined) {
      this.bytes -= freed;
      return;
    }
    const waiting: Waiting = { frame, mark, lane, before: this.last, after: undefined, next: undefined };
    if (this.last) this.last.after = waiting;
    else this.first = waiting;
    this.last = waiting;
    this.bytes += frame.bytes.length;
    if (!lane) return;
    this.lanes.add(lane);
    lane.push(waiting);
    if (lane.isOver) this.drop(lane);
  }

  /**
   * Takes frames from the front: one, and more as long as they are at most `most` bytes together.
   * @returns `mark` of the last of them; 0 for none
   */
  take(most: number): { frames: Outgoing[]; mark: number } {
    const frames: Outgoing[] = [];
    let mark = 0;
    let size = 0;
    for (let next = this.first; next; next = this.first) {
      size += next.frame.bytes.length;
      if (size > most && frames.length > 0) break;
      this.remove(next);
      frames.push(next.lane?.stamp(next.frame) ?? next.frame);
      mark = next.mark;
    }
    return { frames, mark };
  }

  /** Drops what may be dropped, of whichever subscription has most, until at most `most` bytes wait. */
  shed(most: number): void {
    while (this.bytes > most && this.lanes.size > 0) {
      let heaviest: Lane | undefined;
      for (const lane of this.lanes) if (lane.bytes > (heaviest?.bytes ?? -1)) heaviest = lane;
      while (heaviest?.oldest && this.bytes > most) this.drop(heaviest);
    }
  }

  private drop(lane: Lane): void {
    if (!lane.oldest) return;
    this.remove(lane.oldest);
    lane.note();
  }

  private remove(waiting: Waiting): void {
    const { before, after, lane } = waiting;
    if (before) before.after = after;
    else this.first = after;
    if (after) after.before = before;
    else this.last = before;
    this.bytes -= waiting.frame.bytes.length;
    if (!lane) return;
    // Of a lane the oldest always goes first, whether it is taken or dropped.
    lane.shift();
    if (lane.count === 0) this.lanes.delete(lane);
  }
}
