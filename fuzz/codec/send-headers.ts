import { ForbiddenError, ProtocolError } from '../../relay/src/errors.js';
import { grantedQueueHeaders } from '../../relay/src/inbound/queue-headers.js';
import { forwardedHeaders } from '../../relay/src/inbound/send-headers.js';
import { GRANTABLE_HEADERS, type HeaderGrants } from '../../relay/src/policy/header-grants.js';
import { HEADER_NAMES } from '../gen/frames.js';
import { hostileNumber, hostileText, hostileValue } from '../gen/text.js';
import { chance, several, weighted } from '../seeds.js';
import { must, target, unlessRefused } from './target.js';

/** What must never reach a shared link: RabbitMQ would act on it, or somebody would believe it. */
const NEVER = [
  ...[
    'destination',
    'receipt',
    'transaction',
    'content-length',
    'reply-to',
    'selector',
    'user-id',
    'CC',
    'BCC',
  ],
  ...['x-death', 'x-delay', 'redelivered', 'message-id', 'ack', 'id', 'login', 'passcode', 'unread'],
  ...GRANTABLE_HEADERS,
];
const SHORT = ['content-type', 'content-encoding', 'correlation-id', 'amqp-message-id', 'type', 'app-id'];
const NUMBERS: Readonly<Record<string, number>> = { expiration: 2 ** 32 - 1, priority: 255, timestamp: 1e16 };
const USER = 'alice';

/** Of the headers of a SEND only goes on what AMQP can take and nobody acts on, and the sender's name is the relay's. */
export const sendHeaders = target<string[], { granted: string[] }>({
  name: 'headers of SEND',
  weight: 5,
  make: (random) => ({
    input: several(random, 10, () => [
      chance(random, 0.85) ? random.pick(HEADER_NAMES) : hostileText(random, 2),
      weighted(random, [
        [3, () => hostileValue(random)],
        [2, () => hostileNumber(random)],
        [1, () => random.pick(['relay.user', 'true', USER])],
      ])(),
    ]).flat(),
    setup: { granted: random.shuffled(GRANTABLE_HEADERS).slice(0, random.below(GRANTABLE_HEADERS.length)) },
  }),
  check(headers, { granted }) {
    checkForwarded(unlessRefused(ProtocolError, () => forwardedHeaders(headers, USER)) ?? []);
    const grants: HeaderGrants = new Map(granted.map((name) => [name, [{ kind: 'any' }]]));
    const shaping = unlessRefused(ForbiddenError, () => grantedQueueHeaders(headers, grants)) ?? [];
    for (let i = 0; i < shaping.length; i += 2) {
      const [name = '', value = ''] = shaping.slice(i, i + 2);
      must(granted.includes(name), () => `${name} was not granted`);
      const naming = ['x-queue-name', 'x-dead-letter-exchange', 'x-dead-letter-routing-key'].includes(name);
      must(!naming || !value.startsWith('relay.'), () => `${name} names what is not for clients`);
    }
  },
});

function checkForwarded(list: string[]): void {
  const names = list.filter((_, i) => i % 2 === 0);
  must(new Set(names).size === names.length, 'no header is there twice');
  if (list.length > 0)
    must(names[0] === 'relay-user' && list[1] === USER, 'the sender is who the token says');
  for (let i = 0; i < list.length; i += 2) {
    const [name = '', value = ''] = list.slice(i, i + 2);
    must(!NEVER.includes(name), () => `${name} goes on`);
    must(Buffer.byteLength(name) <= 255, 'a name fits a short string');
    must(!SHORT.includes(name) || Buffer.byteLength(value) <= 255, () => `${name} fits a short string`);
    const most = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
    must(
      most === undefined || (/^\d+$/.test(value) && Number(value) <= most),
      () => `${name} is a number that AMQP has`,
    );
  }
}
