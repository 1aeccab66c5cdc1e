import { Histogram, type Registry } from 'prom-client';

/** From half a millisecond to a minute, for messages; seconds. */
export const DELIVERY_SECONDS: readonly number[] = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
];

/** From a second to a day, for sessions; seconds. */
export const SESSION_SECONDS: readonly number[] = [1, 10, 60, 300, 900, 3600, 14_400, 43_200, 86_400];

/** Counts how many values fall between fixed bounds: plain numbers, for what happens with every message. */
export class Buckets {
  /** One for each bound, of the values up to it and above the one before; the last is for what is above all. */
  readonly counts: number[];
  sum = 0;

  /** @param bounds upper ones, in ascending order */
  constructor(readonly bounds: readonly number[]) {
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] as number)) i++;
    counts[i] = (counts[i] as number) + 1;
    this.sum += value;
  }
}

/** Shows buckets as a Prometheus histogram. Those of several processes may be summed. */
export class BucketHistogram extends Histogram {
  constructor(
    private readonly shown: { name: string; help: string },
    private readonly buckets: Buckets,
    registry: Registry,
  ) {
    super({ ...shown, registers: [registry], buckets: [...buckets.bounds] });
  }

  /** What prom-client asks for the page, and makes `get` of. */
  async getForPromString() {
    const { name, help } = this.shown;
    const { bounds, counts, sum } = this.buckets;
    const sharedLabels = {};
    let count = 0;
    const values = counts.map((own, i) => {
      count += own;
      const labels: { le?: number | string } = { le: bounds[i] ?? '+Inf' };
      return { metricName: `${name}_bucket`, labels, sharedLabels, value: count };
    });
    values.push({ metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum });
    values.push({ metricName: `${name}_count`, labels: {}, sharedLabels, value: count });
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }
}
