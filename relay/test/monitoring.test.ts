import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { closures } from '../src/closures.js';
import { createMetrics } from '../src/metrics.js';
import { NOTHING_OBSERVED } from './support/observed.js';
import { RABBITMQ_METRICS } from './support/rabbitmq-metrics.js';

const read = (path: string) =>
  readFileSync(new URL(`../../deploy/monitoring/${path}`, import.meta.url), 'utf8');

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

const { panels } = JSON.parse(read('grafana/dashboards/relay.json')) as { panels: Panel[] };
const { groups } = parse(read('prometheus/alerts.yaml')) as {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const questions = [
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [`panel ${title}`, expr] as const),
  ),
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
];

const exported = new Set([
  ...createMetrics(NOTHING_OBSERVED)
    .registry.getMetricsAsArray()
    .flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]),
  ...RABBITMQ_METRICS,
  'up',
]);

/** The names of metrics in PromQL: words that are neither functions, nor labels, nor in quotes or braces. */
function metricsOf(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without) *\([^)]*\)/g, '');
  return [...bare.matchAll(/[a-z_][a-z_0-9]*(?! *\(|[a-z_0-9])/gi)]
    .map(([word]) => word)
    .filter((word) => !['and', 'or', 'unless', 'e6', 'e9', 'by'].includes(word));
}

describe('the dashboard and the alerts', () => {
  it.each(questions)('%s asks for what is exported', (_where, expr) => {
    const names = metricsOf(expr);
    expect(names).not.toEqual([]);
    for (const name of names) expect(exported, name).toContain(name);
  });

  it('name closures that there are', () => {
    const named = questions.flatMap(([, expr]) =>
      [...expr.matchAll(/closure=~?"([^"]*)"/g)].flatMap(([, names = '']) => names.split('|')),
    );
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(closures)).toContain(name);
  });

  it('show every metric of the relay’s own', () => {
    const shown = new Set(questions.flatMap(([, expr]) => metricsOf(expr)));
    const own = createMetrics(NOTHING_OBSERVED)
      .registry.getMetricsAsArray()
      .map(({ name }) => name)
      .filter((name) => name.startsWith('relay_'));
    expect(own.filter((name) => !shown.has(name) && !shown.has(`${name}_bucket`))).toEqual([]);
  });

  it('say for each alert what it means and what to do', () => {
    expect(rules.length).toBeGreaterThan(10);
    for (const { alert, annotations } of rules) {
      expect(annotations.summary?.length, alert).toBeGreaterThan(10);
      expect(annotations.description?.length, alert).toBeGreaterThan(60);
    }
  });
});
