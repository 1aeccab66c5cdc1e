import type { Session } from './session.js';
import { Shown } from './shown.js';
import type { Asked, Subscription } from './subscriptions.js';

/** What the relay tells a client about its session. */
export type Notice =
  | { type: 'token-expiring'; expiresAt: string; expiresIn: number }
  | { type: 'token-refreshed'; expiresAt: string | null }
  | { type: 'subscription-ended'; subscription: string; destination: string; reason: string };

/** The subscriptions of one session to `/user/relay.session`. */
export class Notices {
  private takers: NoticeSubscription[] = [];

  add(taker: NoticeSubscription): void {
    this.takers.push(taker);
  }

  remove(taker: NoticeSubscription): void {
    this.takers = this.takers.filter((other) => other !== taker);
  }

  tell(notice: Notice): void {
    for (const taker of this.takers) taker.tell(notice);
  }

  /** The session goes on with another token, whose end is told anew. */
  refreshed(expiresAt: number | undefined): void {
    for (const taker of this.takers) taker.warned = false;
    this.tell({ type: 'token-refreshed', expiresAt: expiresAt === undefined ? null : iso(expiresAt) });
  }

  /** Called a few times a second. Warns every subscription once when the token is about to end. */
  tick(now: number, expiresAt: number | undefined, warning: number): void {
    if (expiresAt === undefined || warning === 0) return;
    const left = expiresAt - now;
    if (left > warning) return;
    for (const taker of this.takers) {
      if (taker.warned) continue;
      taker.warned = true;
      taker.tell({
        type: 'token-expiring',
        expiresAt: iso(expiresAt),
        expiresIn: Math.max(0, Math.round(left / 1000)),
      });
    }
  }
}

/** A subscription to `/user/relay.session`. Nothing of it is acknowledged. */
export class NoticeSubscription implements Subscription {
  readonly kind = 'notice';
  /** Whether it was told that the present token is about to end. */
  warned = false;
  private readonly shown: Shown;

  constructor(
    private readonly session: Session,
    id: string,
    readonly asked: Asked,
  ) {
    this.shown = new Shown(session, id, asked.destination.text);
  }

  tell(notice: Notice): void {
    this.shown.show(notice);
  }

  async start(): Promise<void> {
    this.session.notices.add(this);
  }

  end(): void {
    this.session.notices.remove(this);
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
