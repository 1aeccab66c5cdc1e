/** What follows the user in `/user/relay.unread`, where clients are told how much unread mail they have. */
export const BADGE_REST = 'relay.unread';

/** What follows the user in `/user/relay.session`, where clients are told about their session. */
export const SESSION_REST = 'relay.session';

/** Where a client sends its next token. It is the relay's own and never reaches the broker. */
export const TOKEN_DESTINATION = '/relay/token';

/** Whether what follows the user in `/user/…` is served by the relay itself, and is nothing at the broker. */
export function isShown(rest: string): boolean {
  return rest === BADGE_REST || rest === SESSION_REST;
}
