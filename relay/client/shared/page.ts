import { holdLock } from './locks.js';

export interface PageEvents {
  /** The page holds this Web Lock now. */
  locked(name: string): void;
  /** It goes, perhaps into the browser's cache of pages. */
  hidden(): void;
  /** It is back from there. */
  shown(): void;
}

/** Holds a Web Lock for as long as the page lives, and tells of its end where it can. */
export function onPage(name: string, events: PageEvents): () => void {
  const release = holdLock(name, () => events.locked(name));
  const { addEventListener, removeEventListener } = globalThis as unknown as Partial<Window>;
  const onHide = () => events.hidden();
  const onShow = ({ persisted }: PageTransitionEvent) => {
    if (persisted) events.shown();
  };
  addEventListener?.('pagehide', onHide);
  addEventListener?.('pageshow', onShow);
  return () => {
    release();
    removeEventListener?.('pagehide', onHide);
    removeEventListener?.('pageshow', onShow);
  };
}
