/** Up to which line somebody has read each conversation, by the service's time; `placeKey` → milliseconds. */
export type Seen = Readonly<Record<string, number>>;

const keyFor = (user: string) => `relay.demo.seen.${user}`;

/** What this browser remembers, for all tabs of the person. Nothing when storage is blocked or was tampered with. */
export function recallSeen(user: string): Seen {
  try {
    return readSeen(localStorage.getItem(keyFor(user)));
  } catch {
    return {};
  }
}

export function readSeen(text: string | null): Seen {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(([, at]) => Number.isFinite(at)));
  } catch {
    return {};
  }
}

export function keepSeen(user: string, seen: Seen): void {
  try {
    localStorage.setItem(keyFor(user), JSON.stringify(seen));
  } catch {
    // Without storage, what was read is unread again after a reload: no more than that.
  }
}

/** Calls `listener` when another tab of the same person has read something. @returns stops it */
export function onSeenElsewhere(user: string, listener: (seen: Seen) => void): () => void {
  const hear = (event: StorageEvent) => {
    if (event.key === keyFor(user)) listener(readSeen(event.newValue));
  };
  addEventListener('storage', hear);
  return () => removeEventListener('storage', hear);
}

/** Of two memories the later one, conversation by conversation: nothing becomes unread again. */
export function laterSeen(a: Seen, b: Seen): Seen {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...keys].map((key) => [key, Math.max(a[key] ?? 0, b[key] ?? 0)]));
}
