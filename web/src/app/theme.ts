import { type ReadonlySignal, signal } from '@preact/signals';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** Also read by public/theme.js, which sets it before the first paint. */
const KEY = 'relay.demo.theme';

const current = signal<Theme>(recall());
export const theme: ReadonlySignal<Theme> = current;

export function setTheme(next: Theme): void {
  current.value = next;
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    if (next === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage is blocked: it holds for this page.
  }
}

export function nextTheme(now: Theme): Theme {
  return themes[(themes.indexOf(now) + 1) % themes.length] ?? 'auto';
}

function recall(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return themes.find((known) => known === kept) ?? 'auto';
  } catch {
    return 'auto';
  }
}
