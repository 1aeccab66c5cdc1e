import { signal } from '@preact/signals';

/** What the screen reader says next; the shell shows it in its one polite live region. */
export const announcement = signal('');

/** Has a screen reader say something, when it has finished what it says. Keep it short, and say it once. */
export function announce(text: string): void {
  // The same text again is no change, and would not be said.
  announcement.value = announcement.peek() === text ? `${text}\u00A0` : text;
}
