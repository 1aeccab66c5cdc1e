const SHOP = 'Little Shop';

/** What the tab says: "(3) Chat · Little Shop". */
export function titleOf(page: string | undefined, unread: number): string {
  const name = page === undefined ? SHOP : `${page} · ${SHOP}`;
  return unread > 0 ? `(${unread > 99 ? '99+' : unread}) ${name}` : name;
}
