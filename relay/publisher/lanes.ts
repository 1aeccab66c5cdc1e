import type { ChannelModel } from 'amqplib';
import type { Delivery } from './delivery.js';
import type { Lane } from './destination.js';
import { PublishLane } from './lane.js';
import type { Settings } from './options.js';

/** All ways to the broker, each in an order of its own. */
export class Lanes {
  private sequence = 0;
  private readonly lanes: Readonly<Record<Lane, PublishLane>>;

  /**
   * @param onChange `problem` has changed
   * @param onProgress the broker has confirmed something
   */
  constructor({ window, retry, confirmTimeout }: Settings, onChange: () => void, onProgress: () => void) {
    const lane = (name: Lane) =>
      new PublishLane({ name, window, retry, confirmTimeout, onChange, onProgress });
    this.lanes = { user: lane('user'), topic: lane('topic'), reply: lane('reply') };
  }

  /** Why some of them stand still. */
  get problem(): string | undefined {
    return this.all.find(({ problem }) => problem !== undefined)?.problem;
  }

  /** The next ones are greater than this. */
  startAfter(sequence: number): void {
    this.sequence = Math.max(this.sequence, sequence);
  }

  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }

  add(delivery: Delivery): void {
    this.lanes[delivery.message.address.lane].add(delivery);
  }

  attach(model: ChannelModel): void {
    for (const lane of this.all) lane.attach(model);
  }

  detach(): void {
    for (const lane of this.all) lane.detach();
  }

  block(blocked: boolean): void {
    for (const lane of this.all) lane.block(blocked);
  }

  private get all(): PublishLane[] {
    return Object.values(this.lanes);
  }
}
