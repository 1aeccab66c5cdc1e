import type { Random } from '../../torture/random.js';
import { chance, several, weighted } from '../seeds.js';
import { hostileText, hostileValue, plainWord } from './text.js';

const PREFIXES: readonly string[] = [
  ...['/user/', '/topic/', '/app/', '/queue/', '/amq/queue/', '/exchange/', '/temp-queue/', '/reply-queue/'],
  ...[
    '/relay/',
    '/amq/',
    '/',
    '',
    '//topic/',
    '/topic//',
    '/Topic/',
    '/TOPIC/',
    ' /topic/',
    '/user',
    'topic/',
  ],
];

const NAMES: readonly string[] = [
  ...['relay.user', 'relay.unread.intake', 'relay.node.x', 'relay.app', 'relay.control', 'relay', 'relay.'],
  ...[
    'amq.topic',
    'amq.direct',
    'amq.fanout',
    'amq.rabbitmq.trace',
    'amq.gen-AAAA',
    'amq.default',
    'stomp-subscription-x',
  ],
  ...[
    'Relay.user',
    'relay%2Euser',
    'relay%2Fuser',
    '%72elay.user',
    'relay.user%2F',
    'RELAY.USER',
    '.relay.user',
  ],
  ...[
    '../relay.user',
    './relay.user',
    'relay.user/',
    'x/../relay.user',
    '%2e%2e/relay.user',
    '%2F',
    '..%2Frelay.user',
  ],
];

/** A destination that somebody who wants more than is theirs would write. `users` are names worth reaching. */
export function hostileDestination(random: Random, users: readonly string[] = ['alice', 'bob']): string {
  const user = () => {
    const name = random.pick(users);
    return weighted(random, [
      [4, () => name],
      [2, () => encodeURIComponent(name)],
      [1, () => encodeURIComponent(encodeURIComponent(name))],
      [1, () => name.toUpperCase()],
      [1, () => `${name}${random.pick(['%2F', '.', '*', '#', '%00', '/..', '%2E', ' ', '\u200b'])}`],
      [1, () => random.pick(['*', '#', '', '.', '..', '%', '%2A', '%23', '%2E%2E'])],
    ])();
  };
  return weighted(random, [
    [4, () => random.pick(PREFIXES) + words(random)],
    [3, () => `/user/${user()}/${words(random)}`],
    [3, () => `/exchange/${random.pick(NAMES)}/${words(random)}`],
    [3, () => `${random.pick(PREFIXES)}${random.pick(NAMES)}`],
    [2, () => `/user/${user()}/${random.pick(NAMES)}`],
    [2, () => `/exchange/${words(random)}`],
    [1, () => `/exchange/relay.user/${user()}.${words(random)}`],
    [1, () => random.pick(PREFIXES) + hostileValue(random)],
    [1, () => hostileText(random, 10)],
  ])();
}

/** Words with separators and wildcards in good and bad places. */
function words(random: Random): string {
  const parts = several(random, 4, () =>
    weighted(random, [
      [5, () => plainWord(random)],
      [1, () => random.pick(['*', '#', '', 'a*', '#b', '..', 'relay', 'secret'])],
      [2, () => hostileText(random, 2)],
    ])(),
  );
  return parts.join(chance(random, 0.8) ? '.' : random.pick(['/', '//', '..', '%2F', '%2E']));
}
