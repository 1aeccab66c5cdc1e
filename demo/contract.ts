import type { Envelope } from 'stomp-relay/envelope';

/**
 * What the shop's page and its services say to each other. Every body is an envelope; the types below are its
 * `content`. Services know who asks by the header `relay-user`, which the relay has verified, and answer to `reply-to`.
 *
 * A page believes a message on the `listen` destinations of services only when it has no `relay-user`: any user may send
 * to another's `/user/…` in the demo, and only services have none.
 */

/** What the page asks by `request()`: SEND here, one answer. */
export const ask = {
  /** `{}` → ShopView. Whoever has no order yet gets one that starts to move by itself. */
  shop: '/app/shop.open',
  /** `{product, quantity}` → Quote, or Refusal */
  price: '/app/prices.query',
  /** `{product, quantity}` → Order, or Refusal */
  order: '/app/orders.place',
  /** `{order}` → Accepted at once, or Refusal; Payment is pushed to `listen.payments` when the bank calls back */
  pay: '/app/payments.pay',
  /** `{}` → Centre */
  centre: '/app/notifications.open',
  /** `{ids}`, or `{all: true}` → CentreChange, also pushed to all tabs (`listen.centre`) */
  markRead: '/app/notifications.read',
  /** `{muted: Kind[]}` → CentreChange, also pushed */
  settings: '/app/notifications.settings',
  /** `{type: 'product' | 'order', id, on}` → CentreChange, also pushed */
  follow: '/app/notifications.follow',
  /** `{title, text}` → `{reached: number}`: to everybody the notification service knows */
  announce: '/app/announcements.publish',
  /** `{}` → ChatView */
  chat: '/app/chat.open',
  /** `{to, text}` → ChatLine, also pushed to both people's tabs (`listen.chat`) */
  write: '/app/chat.write',
  /** `{room, text}` → ChatLine, also published to the room's topic */
  say: '/app/chat.say',
} as const;

/** What the page subscribes to. */
export const listen = {
  /** Notice */
  notifications: '/user/topic/notifications',
  /** CentreChange, `relay-unread: drop` */
  centre: '/user/topic/centre',
  /** Order */
  orders: '/user/topic/orders',
  /** Payment */
  payments: '/user/topic/payments',
  /** ChatLine, person to person, also one's own from another tab */
  chat: '/user/topic/chat',
  /** Typing, sent by the other's page, `relay-unread: drop`: `/user/{them}/topic/typing` */
  typing: '/user/topic/typing',
  /** Product: price or stock have changed */
  products: '/topic/public.shop.products',
  /** Person: somebody new */
  people: '/topic/public.shop.people',
} as const;

/** ChatLine of a room. */
export const roomTopic = (room: string) => `/topic/public.room.${room}`;
/** Typing in a room; clients send it themselves. */
export const roomTypingTopic = (room: string) => `/topic/public.typing.${room}`;

/** What may be muted. */
export const kinds = ['announcement', 'reminder', 'mailbox'] as const;
export type Kind = (typeof kinds)[number];

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** One of the shapes that the page draws: no pictures are loaded. */
  readonly shape: 'cup' | 'lamp' | 'chair' | 'plant' | 'book' | 'clock';
  /** Cents. */
  readonly price: number;
  readonly stock: number;
}

export const orderStates = ['placed', 'paid', 'packed', 'shipped'] as const;
export type OrderState = (typeof orderStates)[number];

export interface Order {
  readonly id: string;
  readonly user: string;
  readonly product: string;
  readonly quantity: number;
  /** Cents, for all. */
  readonly total: number;
  readonly state: OrderState;
  /** When each state was reached, in milliseconds since the epoch. */
  readonly history: Readonly<Partial<Record<OrderState, number>>>;
}

export interface ShopView {
  readonly products: readonly Product[];
  /** The user's own, newest first. */
  readonly orders: readonly Order[];
}

export interface Quote {
  readonly product: string;
  readonly quantity: number;
  /** Cents for one, before the discount. */
  readonly unit: number;
  /** Cents for all, the discount taken off. */
  readonly total: number;
  /** Percent off for many. */
  readonly discount: number;
  /** Milliseconds since the epoch. */
  readonly validUntil: number;
}

/** A slow thing was accepted; its result is pushed. */
export interface Accepted {
  readonly status: 202;
  readonly payment: string;
}

/** A request that could not be done: `businessType` of the envelope is `refused`. */
export interface Refusal {
  /** As in HTTP; 429 is "not so fast", 500 a mistake of the service. */
  readonly status: 400 | 404 | 409 | 429 | 500;
  readonly message: string;
}

export interface Payment {
  readonly id: string;
  readonly order: string;
  /** The bank declines thirteen of anything. */
  readonly state: 'paid' | 'declined';
  /** Milliseconds that the bank took. */
  readonly took: number;
}

/** One entry of the notification centre. */
export interface Notice {
  readonly id: string;
  readonly kind: Kind;
  readonly title: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly read: boolean;
  /** Who wrote (mailbox), or undefined. */
  readonly from?: string;
  /** What it is about, to go there. */
  readonly about?: { readonly type: 'product' | 'order' | 'person'; readonly id: string };
}

export interface Centre {
  /** Newest first, at most 100. */
  readonly notices: readonly Notice[];
  readonly muted: readonly Kind[];
  readonly following: readonly { readonly type: 'product' | 'order'; readonly id: string }[];
}

/** What has changed in one tab, for all of them. Only what is there has changed. */
export interface CentreChange {
  readonly read?: readonly string[] | 'all';
  readonly muted?: readonly Kind[];
  readonly following?: Centre['following'];
}

export interface Person {
  readonly user: string;
}

export interface ChatLine {
  readonly id: string;
  readonly from: string;
  /** A user, or a room. */
  readonly to: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ChatView {
  readonly people: readonly Person[];
  readonly rooms: readonly string[];
  /** Oldest first: the last 50 of each conversation of this user, and of each room. */
  readonly lines: readonly ChatLine[];
}

export interface Typing {
  readonly room?: string;
  readonly typing: boolean;
}

export type Said<Content> = Envelope<Content>;
