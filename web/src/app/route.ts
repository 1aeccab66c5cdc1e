import { computed, type ReadonlySignal, signal } from '@preact/signals';

/** Where the page is: the part of the address behind `#`. */
export interface Route {
  /** The id of an area; empty for the start. */
  readonly area: string;
  readonly query: URLSearchParams;
}

/** Reads `#/shop?order=A-17`. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { area: path.split('/')[0] ?? '', query: new URLSearchParams(query) };
}

/** The address of a page, for an `href`: `#/shop?order=A-17`. */
export function href(area: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${area}${text === '' ? '' : `?${text}`}`;
}

const hash = signal(typeof location === 'undefined' ? '' : location.hash);
if (typeof window !== 'undefined') window.addEventListener('hashchange', () => (hash.value = location.hash));

export const route: ReadonlySignal<Route> = computed(() => parseRoute(hash.value));

export function go(area: string, query?: Readonly<Record<string, string>>): void {
  location.hash = href(area, query);
}
