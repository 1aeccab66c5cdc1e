import { OutboundMessage } from '../outbound/message.js';
import { displayDestination } from '../unread/address.js';
import { Badge } from '../unread/badge.js';
import type { Session } from './session.js';
import type { Subscription } from './subscriptions.js';

/**
 * A subscription to `/user/relay.unread`: a MESSAGE with `{"destination","count"}` for every destination with
 * unread mail, and again whenever its count changes. Nothing of it is acknowledged: the next one says more.
 */
export class BadgeSubscription implements Subscription {
  private readonly badge: Badge;
  private sequence = 0;

  constructor(
    private readonly session: Session,
    private readonly id: string,
    private readonly destination: string,
  ) {
    const { unread } = session.services;
    this.badge = new Badge(session.user.userWord, unread, unread.changes, (rest, count) =>
      this.show(rest, count),
    );
  }

  start(): Promise<void> {
    return this.badge.start();
  }

  end(): void {
    this.badge.end();
  }

  private show(rest: string, count: number): void {
    const { session, id: subscription, destination } = this;
    const { version } = session;
    const body = Buffer.from(JSON.stringify({ destination: displayDestination(rest), count }));
    const message = new OutboundMessage(
      ['content-type', 'application/json'],
      body,
      `${session.id}-${subscription}-${++this.sequence}`,
    );
    session.send(message.encode({ subscription, destination, version }));
  }
}
