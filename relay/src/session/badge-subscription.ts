import { displayDestination } from '../unread/address.js';
import { Badge } from '../unread/badge.js';
import type { Session } from './session.js';
import { Shown } from './shown.js';
import type { Asked, Subscription } from './subscriptions.js';

/**
 * A subscription to `/user/relay.unread`: a MESSAGE with `{"destination","count"}` for every destination with
 * unread mail, and again whenever its count changes. Nothing of it is acknowledged: the next one says more.
 */
export class BadgeSubscription implements Subscription {
  readonly kind = 'notice';
  private readonly badge: Badge;

  constructor(
    session: Session,
    id: string,
    readonly asked: Asked,
  ) {
    const { unread } = session.services;
    const shown = new Shown(session, id, asked.destination.text);
    this.badge = new Badge(session.user.userWord, unread, unread.changes, (rest, count) =>
      shown.show({ destination: displayDestination(rest), count }),
    );
  }

  start(): Promise<void> {
    return this.badge.start();
  }

  end(): void {
    this.badge.end();
  }
}
