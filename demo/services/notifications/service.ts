import { randomUUID } from 'node:crypto';
import {
  type Centre,
  type CentreChange,
  type ChatLine,
  kinds,
  type Notice,
  type Order,
  type Payment,
} from '../../contract.js';
import { replyKey } from '../address.js';
import type { Announcement } from '../announcements/service.js';
import type { Event } from '../events.js';
import { push, reply, signal } from '../messages.js';
import { Refused } from '../refused.js';
import type { Asked, Routes } from '../requests.js';
import type { Behaviour, Parts, ServiceDefinition } from '../service.js';
import type { ProductChanged } from '../shop/service.js';
import { isProduct, type News, newsOfLetter, newsOfOrder, newsOfPayment, newsOfProduct } from './news.js';
import { NOTICES_KEPT, NOTIFICATIONS_SCHEMA, NotificationStore } from './store.js';

/** As long as the relay keeps unread mail. */
const NOTICE_LIFE_MS = 30 * 24 * 3600_000;

/**
 * Turns what has happened into notices for those whom it concerns. Producers publish events and know neither who follows
 * what nor who has muted what.
 */
export const notifications: ServiceDefinition = {
  name: 'notifications',
  about: 'the notification centre: who follows what, who has muted what, who has read what',
  schema: NOTIFICATIONS_SCHEMA,
  build: (parts) => new Notifications(parts).behaviour(),
};

class Notifications {
  private readonly store: NotificationStore;

  constructor(private readonly parts: Parts) {
    this.store = new NotificationStore(parts.database);
  }

  behaviour(): Behaviour {
    return {
      requests: this.routes(),
      events: {
        keys: ['order.*', 'payment.settled', 'product.changed', 'chat.written', 'announcement.published'],
        handle: (event) => this.happened(event),
      },
    };
  }

  private routes(): Routes {
    return {
      'notifications.open': { answer: ({ user }) => this.open(user) },
      'notifications.read': { answer: (asked) => this.read(asked) },
      'notifications.settings': { answer: (asked) => this.settings(asked) },
      'notifications.follow': { answer: (asked) => this.follow(asked) },
    };
  }

  private open(user: string): Centre {
    this.store.seen(user);
    return {
      notices: this.store.notices(user),
      muted: this.store.muted(user),
      following: this.store.following(user),
    };
  }

  private read({ user, content }: Asked): CentreChange {
    const ids = content.has('all') && content.flag('all') ? 'all' : content.texts('ids', NOTICES_KEPT);
    this.store.markRead(user, ids);
    return this.change(user, { read: ids });
  }

  private settings({ user, content }: Asked): CentreChange {
    const wanted = content.texts('muted', kinds.length);
    const unknown = wanted.find((name) => !kinds.some((kind) => kind === name));
    if (unknown !== undefined) throw new Refused(400, `muted takes ${kinds.join(', ')}`);
    const muted = kinds.filter((kind) => wanted.includes(kind));
    this.store.mute(user, muted);
    return this.change(user, { muted });
  }

  private follow({ user, content }: Asked): CentreChange {
    const thing = { type: content.oneOf('type', ['product', 'order'] as const), id: content.text('id', 100) };
    // Somebody else's order is none of theirs: the answer is the same as for one that is not there.
    const exists = thing.type === 'product' ? isProduct(thing.id) : this.store.ownerOf(thing.id) === user;
    if (!exists) throw new Refused(404, `there is no ${thing.type} ${thing.id}`);
    this.store.follow(user, thing, content.flag('on'));
    return this.change(user, { following: this.store.following(user) });
  }

  /** Told to all tabs of the user, so that they stay in step. */
  private change(user: string, content: CentreChange): CentreChange {
    this.parts.outbox.put(signal(user, 'centre', { from: 'notifications', what: 'centre.changed', content }));
    return content;
  }

  private happened(event: Event): void {
    const { what, content } = event;
    if (what === 'announcement.published') this.announce(event, content as Announcement);
    else if (event.again) return;
    else if (what === 'chat.written') this.letter(event, content as ChatLine);
    else if (what === 'product.changed') this.product(event, content as ProductChanged);
    else if (what === 'payment.settled') this.payment(event, content as Payment);
    else this.order(event, content as Order);
  }

  private order(event: Event, order: Order): void {
    const thing = { type: 'order', id: order.id } as const;
    // Followed from the beginning; whoever stops that has stopped it for good.
    if (this.store.own(order.user, order.id)) {
      this.store.follow(order.user, thing, true);
      this.change(order.user, { following: this.store.following(order.user) });
    }
    this.tell(this.store.followersOf(thing), newsOfOrder(order), event);
  }

  private payment(event: Event, payment: Payment): void {
    this.tell(this.store.followersOf({ type: 'order', id: payment.order }), newsOfPayment(payment), event);
  }

  private product(event: Event, change: ProductChanged): void {
    this.tell(
      this.store.followersOf({ type: 'product', id: change.product.id }),
      newsOfProduct(change),
      event,
    );
  }

  private letter(event: Event, { from, to, text }: ChatLine): void {
    this.tell([to], newsOfLetter(from, text), event);
  }

  /** Only here it is known whom it has reached, so the answer to whoever asked for it comes from here. */
  private announce(event: Event, { title, text, by }: Announcement): void {
    if (!event.again) this.tell(this.store.people(), { kind: 'announcement', title, text }, event);
    const key = by === undefined ? undefined : replyKey(event.replyTo, by);
    if (by === undefined || key === undefined) return;
    const { correlationId } = event;
    const content = { reached: this.store.told(event.id) };
    const said = { from: 'notifications', what: 'announcements.publish', content };
    this.parts.outbox.put(reply({ user: by, key, correlationId }, said));
  }

  /** What somebody has muted is neither stored nor pushed. */
  private tell(users: readonly string[], news: News | undefined, { id: event, at }: Event): void {
    if (news === undefined) return;
    for (const user of users) {
      if (this.store.muted(user).includes(news.kind)) continue;
      const notice: Notice = { id: randomUUID(), ...news, at, read: false };
      this.store.add(user, notice, event);
      const said = { from: 'notifications', what: 'notice.created', content: notice, id: notice.id };
      this.parts.outbox.put(push(user, 'notifications', 'notification', said, NOTICE_LIFE_MS));
    }
  }
}
