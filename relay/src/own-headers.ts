/** When a message was published, in milliseconds since 1970: AMQP's own `timestamp` knows only seconds. */
export const PUBLISHED_AT = 'relay-published-at';
