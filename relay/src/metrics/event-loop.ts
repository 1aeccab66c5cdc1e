import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** Milliseconds between two looks. What is measured is the time from one to the next. */
const RESOLUTION_MS = 10;

/** By how much callbacks came too late since the last scrape. While it is high, nothing that the relay does is in time. */
export function watchEventLoop(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  new Gauge({
    name: 'relay_event_loop_delay_seconds',
    help: 'How late the event loop was since the last scrape; the quantile 1 is the most',
    labelNames: ['quantile'],
    registers: [registry],
    // Workers that are idle must not hide the one that stands still.
    aggregator: 'max',
    collect() {
      const late = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000);
      this.set({ quantile: '0.5' }, late(delay.percentile(50)));
      this.set({ quantile: '0.99' }, late(delay.percentile(99)));
      this.set({ quantile: '1' }, late(delay.max));
      delay.reset();
    },
  });
}
