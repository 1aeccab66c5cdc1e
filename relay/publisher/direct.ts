import type { Capacity } from './capacity.js';
import { Delivery, type Outcome } from './delivery.js';
import type { Lanes } from './lanes.js';
import { type Message, sizeOf } from './message.js';
import { Moment, type Route, type Submission } from './route.js';

/** Through memory: what is not confirmed when the process ends is gone, and its calls have not been answered. */
export class DirectRoute implements Route {
  private open = 0;
  private readonly empty = new Moment();

  constructor(
    private readonly lanes: Lanes,
    private readonly capacity: Capacity,
  ) {}

  get held() {
    return this.capacity.held;
  }

  submit(message: Message, _until: unknown, onEnd: (outcome: Outcome) => void): Submission {
    const bytes = sizeOf(message);
    let delivery: Delivery | undefined;
    // Before it enters: it may be over within that.
    this.open += 1;
    const enter = () => {
      delivery = new Delivery(this.lanes.nextSequence(), message, (outcome) => {
        this.capacity.release(1, bytes);
        this.ended();
        onEnd(outcome);
      });
      this.lanes.add(delivery);
    };
    const leave = this.take(bytes, enter);
    return {
      cancel: () => {
        if (delivery) return delivery.cancel();
        leave();
        this.ended();
        return false;
      },
    };
  }

  room(): Promise<void> {
    return this.capacity.room(0);
  }

  drained(): Promise<void> {
    return this.empty.wait(this.open === 0);
  }

  close(): void {}

  private take(bytes: number, enter: () => void): () => void {
    try {
      return this.capacity.take(bytes, enter);
    } catch (error) {
      this.ended();
      throw error;
    }
  }

  private ended(): void {
    this.open -= 1;
    if (this.open === 0) this.empty.come();
  }
}
