import { AggregatorRegistry, Counter, Gauge, type Registry } from 'prom-client';
import type { Figures, Standing } from './messages.js';

/** What only ever grows, and so must not shrink when a worker takes its count along. */
const LASTING: ReadonlySet<string> = new Set(['counter', 'histogram', 'summary']);

/**
 * The metrics of all workers as those of one relay: added up, or what each metric's `aggregator` says. What workers that
 * are gone have counted stays in the sum, as of the last time that somebody asked; without it every replacement would look
 * like a counter that was set back, and rates would leap.
 */
export class Totals {
  private readonly latest = new Map<number, Figures>();
  private past: Figures = [];
  private replaced = 0;

  /** @param worker its process id */
  note(worker: number, figures: Figures): void {
    // What is no number does not survive the way from process to process.
    const numbers = figures.map(({ values, ...metric }) => ({
      ...metric,
      values: values.filter(({ value }) => typeof value === 'number'),
    }));
    this.latest.set(worker, numbers as Figures);
  }

  /** The worker has ended, and another will take its place. */
  async retire(worker: number): Promise<void> {
    this.replaced++;
    const last = this.latest.get(worker);
    if (!last) return;
    this.latest.delete(worker);
    const lasting = last.filter(({ type }) => LASTING.has(String(type)));
    this.past = await sum([this.past, lasting]).getMetricsAsJSON();
  }

  /** What a scrape gets. */
  page({ ready, of }: Standing): Promise<string> {
    const registry = sum([...this.latest.values(), this.past]);
    const registers = [registry];
    new Gauge({ name: 'relay_workers', help: 'Workers that serve this port', registers }).set(of);
    new Gauge({ name: 'relay_workers_ready', help: 'Workers that are ready', registers }).set(ready);
    const help = 'Workers that ended by themselves and were replaced';
    new Counter({ name: 'relay_workers_replaced_total', help, registers }).inc(this.replaced);
    return registry.metrics();
  }
}

function sum(all: Figures[]): Registry {
  return AggregatorRegistry.aggregate(all);
}
