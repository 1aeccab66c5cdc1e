import * as z from 'zod/mini';

/** How a message is addressed: to one user, to several, to a topic, to everybody, or to a service. */
export const sendTypes = ['user', 'users', 'topic', 'all', 'service'] as const;
/** What kind of message it is. A `signal` (typing, a tick) is worth nothing a moment later. */
export const messageTypes = ['notification', 'event', 'chat', 'request', 'reply', 'signal'] as const;
export const clientTypes = ['web', 'mobile', 'desktop', 'device', 'service'] as const;

export type SendType = (typeof sendTypes)[number];
export type MessageType = (typeof messageTypes)[number];
export type ClientType = (typeof clientTypes)[number];

const name = z.string().check(z.minLength(1), z.maxLength(255));

/** A thing of the business that a message is about: `{"type":"order","id":"A-17"}`. */
const business = z.object({ type: name, id: name });

const fields = z.object({
  sendType: z.enum(sendTypes),
  messageType: z.enum(messageTypes),
  /** The application's own word: `order.shipped`, `price.query`. */
  businessType: name,
  /** Who sent it: a user, or the name of a service. What the relay verified wins over it, see `openEnvelope`. */
  fromUniqueId: name,
  /** The user it is for, several of them with `users`, or the topic's or service's name; empty for `all`. */
  toUniqueId: z.union([z.string().check(z.maxLength(255)), z.array(name).check(z.maxLength(10_000))]),
  fromClientType: z.enum(clientTypes),
  /** Which kind of client it is meant for; left out when for all. */
  toClientType: z.optional(z.enum(clientTypes)),
  /** Milliseconds since the epoch, by the sender's clock. */
  timestamp: z.int().check(z.nonnegative()),
  /** Whatever the business type says. */
  content: z.unknown(),
  tags: z._default(z.array(name).check(z.maxLength(100)), []),
  businesses: z._default(z.array(business).check(z.maxLength(100)), []),
});

export const envelopeSchema = fields.check(
  z.refine(({ sendType, toUniqueId }) => (sendType === 'users') === Array.isArray(toUniqueId), {
    path: ['toUniqueId'],
    message: 'is a list with the sendType "users", and only there',
  }),
);

/** The unified body of a message: who, to whom, about what, and the content. */
export type Envelope<Content = unknown> = Omit<z.output<typeof envelopeSchema>, 'content'> & {
  readonly content: Content;
};

/** What `sealEnvelope` is given; what is left out is filled in. */
export type EnvelopeInput<Content = unknown> = Omit<
  z.input<typeof envelopeSchema>,
  'content' | 'timestamp'
> & {
  readonly content: Content;
  readonly timestamp?: number;
};
