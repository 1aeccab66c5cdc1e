import type { ChatLine } from '../../../demo/contract.js';

export interface Day {
  /** `2026-01-31`, by this computer's clock. */
  readonly date: string;
  readonly lines: readonly ChatLine[];
}

/** The lines by the day on which they were written, in their order. */
export function byDay(lines: readonly ChatLine[]): readonly Day[] {
  const days: { date: string; lines: ChatLine[] }[] = [];
  for (const line of lines) {
    const date = dateOf(line.at);
    const last = days.at(-1);
    if (last?.date === date) last.lines.push(line);
    else days.push({ date, lines: [line] });
  }
  return days;
}

/** `Today`, `Yesterday`, else the date in words. */
export function dayName(date: string, now: number): string {
  if (date === dateOf(now)) return 'Today';
  // Noon, so that no change of the clocks makes it the day before.
  const noon = new Date(`${dateOf(now)}T12:00:00`);
  noon.setDate(noon.getDate() - 1);
  if (date === dateOf(noon.getTime())) return 'Yesterday';
  return new Date(`${date}T12:00:00`).toLocaleDateString('en', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  });
}

function dateOf(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
