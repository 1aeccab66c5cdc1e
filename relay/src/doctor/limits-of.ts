import type { Management } from './management.js';

/** Negative: no limit. */
export type Limits = Partial<Record<'max-connections' | 'max-queues' | 'max-channels', number>>;

/** The limits of our virtual host and of a user. What is not limited is not there. */
export async function limitsOf(
  management: Management,
  user: string,
): Promise<{ vhost: Limits; user: Limits }> {
  const [ofVhost, ofUser] = await Promise.all([
    management.read<{ value: Limits }[]>('vhost-limits/{vhost}'),
    management.read<{ value: Limits }[]>(`user-limits/${encodeURIComponent(user)}`),
  ]);
  return { vhost: limited(ofVhost?.[0]?.value), user: limited(ofUser?.[0]?.value) };
}

function limited(limits: Limits = {}): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit >= 0));
}
