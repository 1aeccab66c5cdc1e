/** Where the page reads its own messages, and where it writes to other users. */
export const INBOX = '/user/topic/reply';

/**
 * The destination that reaches one user's inbox: `bob` → `/user/bob/topic/reply`. The name is percent-encoded,
 * with what has a meaning in destinations (`.`, `*`) encoded too.
 */
export function inboxOf(user: string): string {
  const word = encodeURIComponent(user.trim()).replaceAll('.', '%2E').replaceAll('*', '%2A');
  return `/user/${word}/topic/reply`;
}
