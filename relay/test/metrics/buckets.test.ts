import { AggregatorRegistry, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { BucketHistogram, Buckets } from '../../src/metrics/buckets.js';

function registry(...values: number[]): Registry {
  const made = new Registry();
  const buckets = new Buckets([0.1, 1]);
  new BucketHistogram({ name: 'wait_seconds', help: 'How long it took' }, buckets, made);
  for (const value of values) buckets.observe(value);
  return made;
}

it('shows how many values were up to each bound, like any histogram', async () => {
  expect(await registry(0.05, 0.1, 0.5, 7).metrics()).toBe(
    [
      ...['# HELP wait_seconds How long it took', '# TYPE wait_seconds histogram'],
      ...[
        'wait_seconds_bucket{le="0.1"} 2',
        'wait_seconds_bucket{le="1"} 3',
        'wait_seconds_bucket{le="+Inf"} 4',
      ],
      ...['wait_seconds_sum 7.65', 'wait_seconds_count 4', ''],
    ].join('\n'),
  );
});

it('is summed over several processes', async () => {
  const parts = [registry(0.05, 7), registry(0.5)];
  const all = AggregatorRegistry.aggregate(await Promise.all(parts.map((part) => part.getMetricsAsJSON())));
  expect((await all.metrics()).split('\n')).toEqual(
    expect.arrayContaining([
      ...[
        'wait_seconds_bucket{le="0.1"} 1',
        'wait_seconds_bucket{le="1"} 2',
        'wait_seconds_bucket{le="+Inf"} 3',
      ],
      'wait_seconds_count 3',
    ]),
  );
});
