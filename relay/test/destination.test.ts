import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Action,
  brokerDestination,
  type Destination,
  exchangeDestination,
  isReservedQueue,
  parseDestination,
  userWord,
} from '../src/destination.js';
import { DestinationError } from '../src/errors.js';
import { BADGE_REST } from '../src/own-destinations.js';

function codeOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof DestinationError) return error.code;
    throw error;
  }
  return 'accepted';
}

function parse(text: string, action: Action): Destination {
  return parseDestination(text, action, 'alice');
}

const INVALID = 'ERR_DESTINATION_INVALID';
const UNKNOWN = 'ERR_DESTINATION_UNKNOWN';
const RESERVED = 'ERR_DESTINATION_RESERVED';
const TOO_LONG = 'ERR_DESTINATION_TOO_LONG';
const both: Action[] = ['subscribe', 'send'];

/** Any string that a token may carry as a user name. */
const names = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom('.', '*', '#', '/', '%', '2', 'E', 'F', 'a', '@', 'é', '😀'),
      minLength: 1,
    }),
  )
  .filter((name) => !/[\p{Cc}\p{Cs}]/u.test(name));

/** What an attacker would spell: all separators, escapes and prefixes, in any order. */
const hostile = fc
  .array(
    fc.constantFrom(
      ...[
        '/user',
        '/topic',
        '/app',
        '/queue',
        '/amq',
        '/exchange',
        '/temp-queue',
        '/reply-queue',
        '/relay',
        'relay',
      ],
      ...[
        '/',
        '.',
        '..',
        '*',
        '#',
        '%',
        '%2F',
        '%2f',
        '%2E',
        '%25',
        '%00',
        '\0',
        '\r\n',
        '．',
        '∕',
        '\u202e',
        'bob',
      ],
      ...[
        'alice',
        'a',
        'amq.gen-',
        'stomp-subscription-',
        'relay.user',
        'relay.node.x',
        ' ',
        '+',
        '\ud800',
        '😀',
      ],
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(''));

describe('userWord', () => {
  it.each([
    ['alice', 'alice'],
    ['alice@example.com', 'alice%40example%2Ecom'],
    ['a/b', 'a%2Fb'],
    ['*', '%2A'],
    ['#', '%23'],
    ['.', '%2E'],
    ["!'()~-_", "!'()~-_"],
    ['auth0|5f7', 'auth0%7C5f7'],
    ['a%2Eb', 'a%252Eb'],
    ['Zoë 😀', 'Zo%C3%AB%20%F0%9F%98%80'],
  ])('writes %j as %j', (name, word) => {
    expect(userWord(name)).toBe(word);
  });

  it.each(['', 'a\0', 'a\r\nb', 'a\tb', '\x7f', '\u0085', '\ud800', 'x\udc00y'])('refuses %j', (name) => {
    expect(codeOf(() => userWord(name))).toBe(INVALID);
  });

  it('is one word, whatever the name, and another for every other name', () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(userWord(a)).toMatch(/^[^.*#/\s]+$/);
        expect(decodeURIComponent(userWord(a))).toBe(a);
        expect(userWord(a) === userWord(b)).toBe(a === b);
      }),
    );
  });

  it('takes no look-alike for the same user', () => {
    const words = ['é', 'e\u0301', 'E', 'e', 'е', 'ｅ', 'e\u200b'].map(userWord);
    expect(new Set(words).size).toBe(words.length);
  });
});

describe('/user', () => {
  it('shows how much is unread, where nobody can send to', () => {
    for (const text of ['/user/relay.unread', '/user/relay/unread']) {
      expect(parse(text, 'subscribe')).toMatchObject({ kind: 'user', key: `alice.${BADGE_REST}` });
    }
    for (const text of ['/user/alice/relay.unread', '/user/bob/relay/unread']) {
      expect(codeOf(() => parse(text, 'send'))).toBe(RESERVED);
    }
  });

  it.each(['relay', 'relay.x', 'relay/x', 'relay.unread.x', 'relay.unread/x'])(
    'keeps %j, of every user, to the relay',
    (rest) => {
      expect(codeOf(() => parse(`/user/${rest}`, 'subscribe'))).toBe(RESERVED);
      expect(codeOf(() => parse(`/user/bob/${rest}`, 'send'))).toBe(RESERVED);
    },
  );

  it('leaves to clients what only looks like the relay’s', () => {
    expect(parse('/user/relays.x', 'subscribe')).toMatchObject({ key: 'alice.relays.x' });
    expect(parse('/user/x.relay', 'subscribe')).toMatchObject({ key: 'alice.x.relay' });
    expect(parse('/user/relay/x', 'send')).toMatchObject({ key: 'relay.x' });
  });

  it('subscribes to what is one’s own', () => {
    expect(parse('/user/topic/reply', 'subscribe')).toEqual({
      kind: 'user',
      text: '/user/topic/reply',
      words: [['alice'], ['topic', 'reply']],
      userWord: 'alice',
      rest: 'topic.reply',
      key: 'alice.topic.reply',
    });
  });

  it('takes another’s name in a subscription as a part of one’s own destination', () => {
    expect(parse('/user/bob/topic/reply', 'subscribe')).toMatchObject({ key: 'alice.bob.topic.reply' });
  });

  it.each([
    ['/user/bob/topic/reply', 'bob.topic.reply'],
    ['/user/bob/topic.reply', 'bob.topic.reply'],
    ['/user/bob/x', 'bob.x'],
    ['/user/alice@example.com/topic/reply', 'alice%40example%2Ecom.topic.reply'],
    ['/user/alice%40example.com/topic/reply', 'alice%40example%2Ecom.topic.reply'],
    ['/user/alice%40example%2Ecom/topic/reply', 'alice%40example%2Ecom.topic.reply'],
    ['/user/a%2Fb/x', 'a%2Fb.x'],
    ['/user/%2A/x', '%2A.x'],
    ['/user/%2e%2e/x', '%2E%2E.x'],
    ['/user/Zoë/x', 'Zo%C3%AB.x'],
    ['/user/a+b/x', 'a%2Bb.x'],
    ['/user/bob/grüße', 'bob.grüße'],
  ])('sends %j to %j', (text, key) => {
    expect(parse(text, 'send')).toMatchObject({ kind: 'user', key });
  });

  it.each([
    ...['/user', '/user/', '/user//', '/user//x', '/user/x/', '/user/x//y', '/user/a..b/x..y', '/user/x/.y'],
    ...[
      '/user/x/y.',
      '/user/x/*',
      '/user/x/#',
      '/user/x/a*b',
      '/user/x/a.#.b',
      '/user/x/a%2Fb',
      '/user/x/%2e%2e',
    ],
    ...['/user/x/y\0', '/user/x/y\r\nz', '/user/x/\x7f', '/user/x/\ud83d', '/user/x/../y'],
  ])('refuses %j on both actions', (text) => {
    for (const action of both) expect(codeOf(() => parse(text, action))).toBe(INVALID);
  });

  it.each([
    ...[
      '/user/bob',
      '/user/*/x',
      '/user/#/x',
      '/user/b*b/x',
      '/user/../x',
      '/user/./x',
      '/user/%/x',
      '/user/%zz/x',
    ],
    ...['/user/%ff/x', '/user/%00/x', '/user/bob%0d%0a/x', '/user/%ED%A0%80/x'],
  ])('refuses to send to %j', (text) => {
    expect(codeOf(() => parse(text, 'send'))).toBe(INVALID);
  });

  it('refuses keys over 255 bytes, counted as the broker does', () => {
    const room = 255 - 'bob.'.length;
    expect(parse(`/user/bob/${'x'.repeat(room)}`, 'send')).toMatchObject({ kind: 'user' });
    expect(codeOf(() => parse(`/user/bob/${'x'.repeat(room + 1)}`, 'send'))).toBe(TOO_LONG);
    expect(codeOf(() => parse(`/user/bob/${'é'.repeat(126)}`, 'send'))).toBe(TOO_LONG);
    expect(codeOf(() => parse(`/user/${'@'.repeat(90)}/x`, 'send'))).toBe(TOO_LONG);
    expect(codeOf(() => parse(`/user/${'x'.repeat(255 - 'alice.'.length + 1)}`, 'subscribe'))).toBe(TOO_LONG);
  });

  it('never yields the key of another user than the one named', () => {
    fc.assert(
      fc.property(names, fc.constantFrom('topic/reply', 'x', 'a.b/c'), (name, rest) => {
        fc.pre(userWord(name).length < 200);
        const sent = parse(
          `/user/${encodeURIComponent(name).replaceAll('*', '%2A')}/${rest}`
            .replace('/../', '/%2E%2E/')
            .replace('/./', '/%2E/'),
          'send',
        );
        expect(sent.kind === 'user' && sent.key).toBe(`${userWord(name)}.${rest.replace('/', '.')}`);
      }),
    );
    fc.assert(
      fc.property(hostile, (tail) => {
        const subscribed = attempt(`/user${tail}`, 'subscribe');
        if (subscribed?.kind === 'user') expect(subscribed.key.split('.')[0]).toBe('alice');
        const sent = attempt(`/user/bob/${tail}`, 'send');
        if (sent !== undefined) expect(sent.words[0]).toEqual(['bob']);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('/topic and /app', () => {
  it.each([
    '/topic/news',
    '/topic/news.sport',
    '/topic/ユニコード',
    '/topic/relay.x',
    '/topic/a b',
    '/topic/a+b',
  ])('takes %j both ways', (text) => {
    for (const action of both) {
      const key = text.slice('/topic/'.length);
      expect(parse(text, action)).toEqual({ kind: 'topic', text, key, words: [key.split('.')] });
    }
  });

  it.each(['/topic/*', '/topic/#', '/topic/news.*', '/topic/*.x.#'])('takes %j to subscribe only', (text) => {
    expect(parse(text, 'subscribe')).toMatchObject({ kind: 'topic', key: text.slice('/topic/'.length) });
    expect(codeOf(() => parse(text, 'send'))).toBe(INVALID);
  });

  it.each([
    ...[
      '/topic',
      '/topic/',
      '/topic//a',
      '/topic/a/b',
      '/topic/a/',
      '/topic/a..b',
      '/topic/.a',
      '/topic/a.',
      '/topic/.',
    ],
    ...[
      '/topic/..',
      '/topic/a%2Fb',
      '/topic/a%2fb',
      '/topic/%',
      '/topic/a%252F',
      '/topic/a*',
      '/topic/a.#b',
      '/topic/**',
    ],
    ...['/topic/a\0', '/topic/a\nb', '/topic/a\rb', '/topic/\u009f', '/topic/\udead'],
  ])('refuses %j on both actions', (text) => {
    for (const action of both) expect(codeOf(() => parse(text, action))).toBe(INVALID);
  });

  it('says what to write instead of a slash', () => {
    expect(() => parse('/topic/a/b', 'subscribe')).toThrow(/"\." instead of "\/"/);
  });

  it('sends /app with dots or slashes, and nobody subscribes to it', () => {
    expect(parse('/app/orders/create', 'send')).toMatchObject({
      kind: 'app',
      key: 'orders.create',
      words: [['orders', 'create']],
    });
    expect(parse('/app/orders.create', 'send')).toMatchObject({ key: 'orders.create' });
    expect(codeOf(() => parse('/app/orders.create', 'subscribe'))).toBe(INVALID);
  });

  it.each(['/app', '/app/', '/app//x', '/app/x/', '/app/*', '/app/x.#', '/app/%2Fx', '/app/a..b'])(
    'refuses %j',
    (text) => {
      expect(codeOf(() => parse(text, 'send'))).toBe(INVALID);
    },
  );
});

describe('queues and exchanges', () => {
  it.each([
    ['/queue/demo.a', 'queue', 'demo.a'],
    ['/amq/queue/demo.a', 'amq-queue', 'demo.a'],
    ['/queue/Relay.x', 'queue', 'Relay.x'],
    ['/queue/relay', 'queue', 'relay'],
    ['/queue/relay．node', 'queue', 'relay．node'],
  ])('takes %j both ways', (text, kind, name) => {
    for (const action of both)
      expect(parse(text, action)).toEqual({ kind, text, name, words: [name.split('.')] });
  });

  it.each([
    ...[
      '/queue',
      '/queue/',
      '/queue/a/b',
      '/queue/a%2Fb',
      '/queue/relay%2Enode',
      '/queue/a..b',
      '/queue/*',
      '/queue/a.#',
    ],
    ...[
      '/amq/queue',
      '/amq/queue/',
      '/amq/queue/a/b',
      '/amq/queue/a%2f',
      '/temp-queue/x',
      '/temp-queue',
      '/exchange',
    ],
    ...[
      '/exchange/',
      '/exchange//k',
      '/exchange/x/',
      '/exchange/x/a/b',
      '/exchange/x/a%2Fb',
      '/exchange/*',
      '/exchange/x%2F',
    ],
    ...['/exchange/x/a..b', '/exchange/x/a*', '/queue/a\0'],
  ])('refuses %j on both actions', (text) => {
    for (const action of both) expect(codeOf(() => parse(text, action))).toBe(INVALID);
  });

  it.each([
    ...[
      '/queue/relay.',
      '/queue/relay.node.x',
      '/amq/queue/relay.unread.alice.topic',
      '/amq/queue/relay.node.n1',
    ],
    ...[
      '/exchange/relay.user',
      '/exchange/relay.user/bob.topic.reply',
      '/exchange/relay.control/x',
      '/queue/amq.gen-abc',
    ],
    ...['/amq/queue/amq.gen-abc', '/amq/queue/stomp-subscription-abc', '/queue/stomp-subscription-abc'],
    ...['/exchange/amq.rabbitmq.trace/publish', '/exchange/amq.rabbitmq.log'],
  ])('keeps %j to the relay and the broker', (text) => {
    for (const action of both) expect(codeOf(() => parse(text, action))).toBe(RESERVED);
  });

  it('keeps relay queues out of replies', () => {
    expect(codeOf(() => parse('/reply-queue/relay.node.x', 'send'))).toBe(RESERVED);
    expect(codeOf(() => parse('/reply-queue/stomp-subscription-x', 'send'))).toBe(RESERVED);
  });

  it('takes an exchange with and without a key', () => {
    expect(parse('/exchange/logs', 'subscribe')).toEqual({
      kind: 'exchange',
      text: '/exchange/logs',
      exchange: 'logs',
      key: '',
      words: [['logs'], []],
    });
    expect(parse('/exchange/my.logs/a.*', 'subscribe')).toMatchObject({
      exchange: 'my.logs',
      key: 'a.*',
      words: [
        ['my', 'logs'],
        ['a', '*'],
      ],
    });
    expect(codeOf(() => parse('/exchange/logs/a.*', 'send'))).toBe(INVALID);
    expect(parse('/exchange/amq.topic/a', 'send')).toMatchObject({ exchange: 'amq.topic', key: 'a' });
  });

  it('sends to reply queues by whatever name the broker gave them', () => {
    const name = 'amq.gen-aB3_x-Y9/..Z';
    expect(parse(`/reply-queue/${name}`, 'send')).toMatchObject({ kind: 'reply-queue', name });
    for (const bad of ['', 'a%2Fb', 'a b', 'é'])
      expect(codeOf(() => parse(`/reply-queue/${bad}`, 'send'))).toBe(INVALID);
    expect(codeOf(() => parse(`/reply-queue/${name}`, 'subscribe'))).toBe(INVALID);
  });

  it.each([
    'queue/demo',
    'demo',
    '/',
    '//topic/a',
    '/Topic/a',
    '/topics/a',
    '/amq/topic/a',
    '/user%2Fx',
    '/%75ser/x',
    '/..',
    ' /topic/a',
    'http://x/topic/a',
  ])('knows no destination %j', (text) => {
    for (const action of both) expect(codeOf(() => parse(text, action))).toBe(UNKNOWN);
  });

  it('refuses names over 255 bytes and texts over 1024', () => {
    for (const prefix of ['/topic/', '/queue/', '/amq/queue/', '/exchange/', '/exchange/x/']) {
      expect(parse(prefix + 'x'.repeat(255), 'subscribe').text).toHaveLength(prefix.length + 255);
      expect(codeOf(() => parse(prefix + 'x'.repeat(256), 'subscribe'))).toBe(TOO_LONG);
      expect(codeOf(() => parse(prefix + '€'.repeat(86), 'subscribe'))).toBe(TOO_LONG);
    }
    expect(codeOf(() => parse(`/app/${'x'.repeat(256)}`, 'send'))).toBe(TOO_LONG);
    expect(codeOf(() => parse(`/reply-queue/${'x'.repeat(256)}`, 'send'))).toBe(TOO_LONG);
    expect(codeOf(() => parse(`/${'/'.repeat(2_000_000)}`, 'send'))).toBe(TOO_LONG);
    expect(codeOf(() => parse('', 'send'))).toBe(INVALID);
  });

  it('quotes what it refuses so that it cannot forge a line', () => {
    for (const text of ['/topic/a\r\nfoo:bar', '/topic/\u0085\u009b31m', '/topic/\0']) {
      expect(() => parse(text, 'send')).toThrow(/^[^\p{Cc}]+$/u);
    }
  });
});

describe('what the broker makes of an accepted destination', () => {
  it('is what the policy saw, to the byte', () => {
    let accepted = 0;
    fc.assert(
      fc.property(hostile, fc.constantFrom(...both), (text, action) => {
        const ours = attempt(text, action);
        if (ours === undefined || ours.kind === 'user' || ours.kind === 'app') return;
        accepted++;
        const read = brokerReads(text);
        expect(read).toEqual(namesOf(ours));
        if (ours.kind !== 'topic') expect(read?.[0]).not.toMatch(/^relay\./);
        expect(ours.words.map((words) => words.join('.'))).toEqual(read?.slice(0, ours.words.length));
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('exchangeDestination', () => {
  it('makes the broker use exactly the key, or says that it cannot', () => {
    expect(exchangeDestination('relay.user', 'alice%40example%2Ecom.x')).toBe(
      '/exchange/relay.user/alice%40example%2Ecom.x',
    );
    expect(exchangeDestination('relay.user', 'a%2Fb.x')).toBeUndefined();
    fc.assert(
      fc.property(names, (name) => {
        const key = `${userWord(name)}.x`;
        const destination = exchangeDestination('relay.user', key);
        if (destination === undefined) expect(name).toContain('/');
        else expect(brokerReads(destination)).toEqual(['relay.user', key]);
      }),
    );
  });
});

describe('brokerDestination', () => {
  it.each<[string, Action, string | undefined]>([
    ['/user/topic/reply', 'subscribe', '/exchange/relay.user/alice.topic.reply'],
    ['/user/bob@x/topic/reply', 'send', '/exchange/relay.user/bob%40x.topic.reply'],
    ['/user/a%2Fb/x', 'send', undefined],
    ['/app/orders/create', 'send', '/exchange/relay.app/orders.create'],
    ['/topic/a.#', 'subscribe', '/topic/a.#'],
    ['/exchange/logs', 'subscribe', '/exchange/logs'],
    ['/exchange/logs/a.*', 'subscribe', '/exchange/logs/a.*'],
    ['/amq/queue/q', 'send', '/amq/queue/q'],
    ['/queue/demo.a', 'send', '/queue/demo.a'],
    ['/reply-queue/amq.gen-x', 'send', '/reply-queue/amq.gen-x'],
  ])('of %s to %s is %s', (text, action, expected) => {
    expect(brokerDestination(parse(text, action))).toBe(expected);
  });

  it('leads the broker to exactly the object that the policy decided on', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom(...both), (text, action) => {
        const ours = attempt(text, action);
        const written = ours && brokerDestination(ours);
        if (ours === undefined || written === undefined) return;
        const own = ours.kind === 'user' || ours.kind === 'app';
        const read = brokerReads(written);
        if (own) expect(read).toEqual([`relay.${ours.kind}`, ours.key]);
        else expect(read).toEqual(namesOf(ours));
      }),
      { numRuns: 10_000 },
    );
  });
});

it('tells reserved queue names byte by byte', () => {
  expect(['relay.x', 'relay.', 'amq.gen-1', 'stomp-subscription-1'].every(isReservedQueue)).toBe(true);
  expect(['relay', 'Relay.x', 'xrelay.x', 'relay-x', 'amq.gen', 'demo'].some(isReservedQueue)).toBe(false);
});

function attempt(text: string, action: Action): Destination | undefined {
  try {
    return parse(text, action);
  } catch (error) {
    if (error instanceof DestinationError) return undefined;
    throw error;
  }
}

function namesOf(destination: Destination): string[] {
  if ('exchange' in destination) return [destination.exchange, destination.key];
  return 'name' in destination ? [destination.name] : [destination.key];
}

/** How RabbitMQ 3.10's STOMP plugin reads a destination: the names in it, or undefined when it cannot. */
function brokerReads(text: string): string[] | undefined {
  const [first, type, ...rest] = text.split('/');
  const unescaped = (part: string) => part.replaceAll('%2F', '/');
  if (type === undefined) return [unescaped(text)];
  if (first !== '') return undefined;
  if (type === 'exchange') {
    if (rest[0] === '' || rest.length === 0 || rest.length > 2) return undefined;
    return [unescaped(rest[0] ?? ''), unescaped(rest[1] ?? '')];
  }
  if (type === 'reply-queue') {
    const name = text.slice('/reply-queue/'.length);
    return rest.length > 0 && name !== '' ? [unescaped(name)] : undefined;
  }
  const names = type === 'amq' && rest[0] === 'queue' ? rest.slice(1) : rest;
  const known = ['queue', 'topic', 'temp-queue'].includes(type) || names !== rest;
  return known && names.length === 1 && names[0] !== '' ? [unescaped(names[0] ?? '')] : undefined;
}
