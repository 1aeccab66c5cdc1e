import { signal } from '@preact/signals';

/** Now, in milliseconds, good to half a minute: what shows ages follows it. */
export const now = signal(Date.now());
if (typeof document !== 'undefined') setInterval(() => (now.value = Date.now()), 30_000);

export interface TimeProps {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `ago` (default) "5 min ago"; `clock` "14:05"; `day` "Monday, 3 May". */
  readonly as?: 'ago' | 'clock' | 'day';
}

export function Time({ at, as = 'ago' }: TimeProps) {
  const date = new Date(at);
  const text = as === 'ago' ? ago(at, now.value) : as === 'clock' ? clock.format(date) : day.format(date);
  return (
    <time class="numbers" dateTime={date.toISOString()} title={full.format(date)}>
      {text}
    </time>
  );
}

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const short = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/** "now", "5 min ago", "3 h ago", then the date. */
export function ago(at: number, current: number): string {
  const minutes = Math.floor((current - at) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ago` : short.format(new Date(at));
}
