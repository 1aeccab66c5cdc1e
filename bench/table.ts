import type { Row } from './rows.js';
import type { Summary } from './statistics.js';

/** The result as a Markdown table whose columns line up in a terminal as well. */
export function renderTable(rows: Row[]): string {
  const lines = [
    ['measurement', 'direct', 'relay', 'ratio', 'goal', 'met'],
    ...rows.map((row) => [
      `${row.label}, ${row.unit}`,
      figure(row.direct, row.digits),
      figure(row.relay, row.digits),
      row.ratio === undefined ? '–' : `${row.ratio.toFixed(row.ratio < 10 ? 2 : 1)}x`,
      row.goal ?? '–',
      row.met === undefined ? '–' : row.met ? 'yes' : 'NO',
    ]),
  ];
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  const render = (line: string[]) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = lines;
  return [render(head), rule, ...body.map(render)].join('\n');
}

/** Median of the rounds, and from the worst to the best where there was more than one. */
function figure(summary: Summary | undefined, digits: number): string {
  if (!summary) return '–';
  const text = (value: number) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (summary.rounds.length < 2) return text(summary.median);
  return `${text(summary.median)} (${text(summary.min)} – ${text(summary.max)})`;
}

/** Names and values as a Markdown table with two columns. */
export function renderPairs(rows: readonly (readonly [name: string, value: string])[]): string {
  const first = Math.max(...rows.map(([name]) => name.length));
  const second = Math.max(...rows.map(([, value]) => value.length));
  const line = (name: string, value: string) => `| ${name.padEnd(first)} | ${value.padStart(second)} |`;
  const rule = `|${'-'.repeat(first + 2)}|${'-'.repeat(second + 1)}:|`;
  return [line('', ''), rule, ...rows.map(([name, value]) => line(name, value))].join('\n');
}

/** Counts by name on one line, the highest first. */
export function renderCounts(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  );
}
