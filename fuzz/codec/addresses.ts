import { checkUserName } from '../../relay/src/auth/user.js';
import {
  type Action,
  brokerDestination,
  type Destination,
  parseDestination,
  userWord,
} from '../../relay/src/destination.js';
import { AuthError, DestinationError } from '../../relay/src/errors.js';
import { loadPolicy } from '../../relay/src/policy/load.js';
import { parseReplyTo, replyAddress, shownReplyTo } from '../../relay/src/reply-to.js';
import { ACCESS_FILE, type FuzzUser, mayBind, mayPublish, USERS } from '../access.js';
import { hostileDestination } from '../gen/destinations.js';
import { hostileText, hostileValue, plainWord } from '../gen/text.js';
import { chance, weighted } from '../seeds.js';
import { type Address, readByRabbitmq } from './rabbitmq.js';
import { must, target, unlessRefused } from './target.js';

interface Setup {
  action: Action;
  /** Index into USERS. */
  user: number;
}

const policy = loadPolicy(ACCESS_FILE, 'access.yaml');
const NAMES = USERS.map(({ user }) => user);

/** Whatever is written as a destination: it goes nowhere, or where the access file says, with RabbitMQ reading it. */
export const destinations = target<string, Setup>({
  name: 'destinations',
  weight: 14,
  make: (random) => ({
    input: chance(random, 0.7)
      ? hostileDestination(random, NAMES)
      : weighted(random, [
          [
            2,
            () =>
              `/topic/fuzz.${random.pick(['a', 'secret', 'secret.a', '*', '#', 'a.#', hostileText(random, 2)])}`,
          ],
          [
            2,
            () => `/topic/tenant.${random.pick(['t1', 't2', '*', '#', '7', 'a.b', ''])}.${plainWord(random)}`,
          ],
          [1, () => `/exchange/fuzz.exchange/open${random.pick(['', '.a', '.#', 'x', '/a', '%2Fa'])}`],
        ])(),
    setup: { action: chance(random, 0.5) ? 'send' : 'subscribe', user: random.below(USERS.length) },
  }),
  check(text, { action, user }) {
    const self = USERS[user] as FuzzUser;
    const destination = unlessRefused(DestinationError, () => parseDestination(text, action, self.userWord));
    if (!destination) return;
    must(destination.text === text, 'the text is the one that was written');
    const written = brokerDestination(destination);
    const address = written === undefined ? undefined : readByRabbitmq(written);
    must(
      written === undefined
        ? destination.kind === 'user' || destination.kind === 'app'
        : address !== undefined,
      () => `RabbitMQ can read ${written}`,
    );
    if (address) {
      must(!/[\p{Cc}\p{Cs}]/u.test(written ?? ''), 'nothing unprintable goes to the broker');
      mustAgree(destination, address, text, action, self);
    }
    if (!policy.decide(action, destination, self).allowed) return;
    const { exchange, key } = wherever(address);
    const fine = action === 'send' ? mayPublish(self, exchange, key) : mayBind(self, exchange, key);
    must(
      fine || address === undefined || isBadge(destination),
      () => `${self.user} must not ${action} at ${exchange} ${key}`,
    );
  },
});

/** A name of the relay's own that clients may subscribe to, served without the broker. */
function isBadge(destination: Destination): boolean {
  return destination.kind === 'user' && destination.rest.startsWith('relay.');
}

function wherever(address: Address | undefined): { exchange: string; key: string } {
  if (address && 'exchange' in address) return address;
  return { exchange: '', key: address && 'queue' in address ? address.queue : '' };
}

/** What RabbitMQ reads is what the policy was asked about, and not one of the names that are for nobody. */
function mustAgree(
  destination: Destination,
  address: Address,
  text: string,
  action: Action,
  self: FuzzUser,
): void {
  const agreed = (found: string | undefined, meant: string) =>
    must(found === meant, () => `RabbitMQ reads ${JSON.stringify(found)}, meant is ${JSON.stringify(meant)}`);
  const { exchange, key } = 'exchange' in address ? address : { exchange: undefined, key: undefined };
  must(Buffer.byteLength(key ?? '') <= 255, 'a routing key has at most 255 bytes');
  must(action === 'subscribe' || !/[*#]/.test(key ?? ''), 'nothing is sent to a wildcard');
  switch (destination.kind) {
    case 'user': {
      agreed(exchange, 'relay.user');
      agreed(key, destination.key);
      agreed(
        destination.userWord,
        action === 'subscribe' ? self.userWord : userWord(decodeURIComponent(text.split('/')[2] ?? '')),
      );
      must(!/[*#]/.test(destination.key), 'a user and what is theirs are named in full');
      must(
        action === 'subscribe' || !/^[^.]+\.relay(\.|$)/.test(destination.key),
        'the name "relay." is not for clients',
      );
      return;
    }
    case 'topic':
      agreed(exchange, 'amq.topic');
      agreed(key, text.slice('/topic/'.length));
      return;
    case 'app':
      agreed(exchange, 'relay.app');
      agreed(key, text.slice('/app/'.length).replaceAll('/', '.'));
      return;
    case 'exchange':
      agreed(exchange, text.split('/')[2] ?? '');
      must(!/^(relay\.|amq\.rabbitmq\.)/.test(destination.exchange), 'an exchange that is not for clients');
      agreed(key, text.split('/')[3] ?? '');
      return;
    case 'temp-queue':
      throw new Error('a temporary queue is no destination');
    default: {
      const queue = 'queue' in address ? address.queue : undefined;
      agreed(queue, destination.name);
      const generated = destination.kind === 'reply-queue' && destination.name.startsWith('amq.gen-');
      must(
        generated || !/^(relay\.|stomp-subscription-|amq\.gen-)/.test(destination.name),
        'a queue that is not for clients',
      );
      must(Buffer.byteLength(destination.name) <= 255, 'a queue name has at most 255 bytes');
    }
  }
}

const SELF = 'alice';

/** RabbitMQ's plugin crashes on a `reply-to` that it cannot read, and AMQP has 255 bytes for it. */
export const replyTos = target<string, null>({
  name: 'reply-to',
  weight: 5,
  make: (random) => ({
    input: weighted(random, [
      [4, () => hostileDestination(random)],
      [2, () => `/temp-queue/${hostileValue(random)}`],
      [2, () => `/user/${random.pick(['topic/reply', 'relay.unread', 'bob/x', hostileValue(random)])}`],
      [1, () => `/reply-queue/${random.pick(['amq.gen-x', 'relay.user', '', 'a/b', hostileValue(random)])}`],
      [1, () => hostileValue(random)],
    ])(),
    setup: null,
  }),
  check(text) {
    const parsed = unlessRefused(DestinationError, () => parseReplyTo(text, SELF));
    if (!parsed) return;
    const told = replyAddress(parsed);
    const address = readByRabbitmq(told);
    must(address !== undefined, 'RabbitMQ can read it');
    const temporary = 'temporary' in address;
    must(temporary || Buffer.byteLength(told) <= 255, 'it fits the AMQP property reply_to');
    must(temporary === (parsed.kind === 'temp-queue'), 'a temporary queue is known for one');
    must(told !== 'amq.rabbitmq.reply-to', 'the link itself has no direct reply-to');
    if (parsed.kind === 'user') {
      must(told.startsWith(`/exchange/relay.user/${SELF}.`), 'one’s own, and nobody else’s');
      must(!/^\/user\/[^/]+\/relay\./.test(shownReplyTo(told)), 'not what the relay itself shows');
      return;
    }
    if ('queue' in address) {
      must(!/^(relay\.|stomp-subscription-)/.test(address.queue), 'a queue that is not for clients');
      must(!/^amq\.gen-/.test(address.queue) || parsed.kind === 'reply-queue', 'one that must be known');
    }
    if ('exchange' in address)
      must(!/^(relay\.|amq\.rabbitmq\.)/.test(address.exchange), 'an exchange that is not for clients');
  },
});

/** One word for one user: no two names may share it, and none may become more than a word. */
export const userNames = target<string, null>({
  name: 'user names',
  weight: 4,
  make: (random) => ({ input: chance(random, 0.2) ? random.pick(NAMES) : hostileValue(random), setup: null }),
  check(name) {
    const word = unlessRefused(DestinationError, () => userWord(name));
    if (word !== undefined) {
      must(/^[!-~]+$/.test(word) && !/[.*#/:\\]/.test(word), () => `${word} is one plain word`);
      must(decodeURIComponent(word) === name, () => `${word} is nobody else's`);
    }
    const checked = unlessRefused(AuthError, () => checkUserName(name, 'claim'));
    must(
      !checked || (checked.user === name && checked.userWord === word && checked.userWord.length <= 200),
      'the name of a token',
    );
  },
});
