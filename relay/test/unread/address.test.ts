import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDestination, userWord } from '../../src/destination.js';
import { displayDestination, mailboxKey, mailboxQueue, readKey } from '../../src/unread/address.js';

const names = fc
  .string({
    unit: fc.constantFrom('a', 'B', '.', '*', '#', '/', '%', '@', '2', 'é', '😀', ' '),
    minLength: 1,
  })
  .filter((name) => name.length < 20);
const words = fc.string({
  unit: fc.constantFrom('a', 'B', '-', '@', 'é', '😀', ' '),
  minLength: 1,
  maxLength: 6,
});
const rests = fc.array(words, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
/** Anything that might be a key, and often is. */
const keys = fc
  .array(
    fc.constantFrom('alice', 'relay', 'unread', '.', '.', '/', '*', '#', '%2E', '%2e', '%', '@', '\0', 'é'),
  )
  .map((parts) => parts.join(''));
/** Keys of every length that a broker takes, many of them alike. */
const longKeys = fc
  .tuple(fc.constantFrom('a', 'é', '😀', '\uFFFD', 'ab.'), fc.integer({ min: 60, max: 255 }), words)
  .map(([unit, length, end]) => {
    let key = `u.${unit}`;
    while (Buffer.byteLength(key + unit + end) <= length) key += unit;
    return key + end;
  });

function isRead(key: string): boolean {
  try {
    readKey(key);
    return true;
  } catch {
    return false;
  }
}

/** Whether some user’s SUBSCRIBE leads to this very key. */
function canBeSubscribed(key: string): boolean {
  const [word = '', ...rest] = key.split('.');
  try {
    if (userWord(decodeURIComponent(word)) !== word) return false;
    const destination = parseDestination(`/user/${rest.join('/')}`, 'subscribe', word);
    return destination.kind === 'user' && destination.key === key && destination.rest !== 'relay.unread';
  } catch {
    return false;
  }
}

describe('readKey', () => {
  it('takes apart what a user and a rest make', () => {
    fc.assert(
      fc.property(names, rests, (name, rest) => {
        const address = { userWord: userWord(name), rest };
        expect(readKey(mailboxKey(address))).toEqual(address);
      }),
    );
  });

  it('accepts exactly the keys that a SUBSCRIBE leads to', () => {
    fc.assert(
      fc.property(fc.oneof(keys, longKeys, fc.string()), (key) => {
        expect(isRead(key)).toBe(canBeSubscribed(key));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 'it is not "<user>.<what>"'],
    ['alice', 'it is not "<user>.<what>"'],
    ['alice.', 'it is not "<user>.<what>"'],
    ['.x', 'it is not "<user>.<what>"'],
    ['alice..x', 'it is not "<user>.<what>"'],
    ['alice.x.', 'it is not "<user>.<what>"'],
    ['alice.x/y', '"/"'],
    ['alice.*', '"*"'],
    ['alice.a.#', '"#"'],
    ['alice.50%', '"%"'],
    ['alice.x\ny', 'control characters'],
    ['alice.relay.unread', 'relay’s own'],
    ['alice.relay', 'relay’s own'],
    ['a@b.x', 'a%40b'],
    ['a%2eb.x', 'a%2Eb'],
    ['%.x', 'not encoded as encodeURIComponent does'],
    ['a%00.x', 'not encoded as encodeURIComponent does'],
  ])('says what is wrong with %j', (key, why) => {
    expect(() => readKey(key)).toThrow(why);
  });

  it('takes what only looks like the relay’s own', () => {
    expect(readKey('relay.x')).toEqual({ userWord: 'relay', rest: 'x' });
    expect(readKey('alice.relays.x').rest).toBe('relays.x');
    expect(readKey('alice.topic.relay').rest).toBe('topic.relay');
  });
});

describe('mailboxQueue', () => {
  it('names the user and the destination', () => {
    expect(mailboxQueue('alice.topic.reply')).toBe('relay.unread.alice.topic.reply');
  });

  it('uses all of the length that there is', () => {
    const fits = `alice.${'x'.repeat(255 - 'relay.unread.alice.'.length)}`;
    expect(mailboxQueue(fits)).toBe(`relay.unread.${fits}`);
    expect(mailboxQueue(`${fits}x`)).toMatch(/^relay\.unread\.alice\.x+\.\.[0-9a-f]{40}$/);
  });

  it('is another one for every key, and never too long', () => {
    fc.assert(
      fc.property(longKeys, longKeys, (one, other) => {
        expect(Buffer.byteLength(mailboxQueue(one))).toBeLessThanOrEqual(255);
        expect(Buffer.from(mailboxQueue(one)).toString()).toBe(mailboxQueue(one));
        expect(mailboxQueue(one) === mailboxQueue(other)).toBe(one === other);
      }),
      { numRuns: 1000 },
    );
  });

  it('is another one for keys that differ at their end alone', () => {
    const beginning = `u.${'x'.repeat(250)}`;
    expect(mailboxQueue(`${beginning}1`)).not.toBe(mailboxQueue(`${beginning}2`));
  });

  it('is no name that a key of a client can have when it was shortened', () => {
    const shortened = mailboxQueue(`u.${'x'.repeat(253)}`).slice('relay.unread.'.length);
    expect(isRead(shortened)).toBe(false);
  });
});

it('shows a destination that leads back to the same mailbox', () => {
  expect(displayDestination('topic.reply')).toBe('/topic/reply');
  expect(displayDestination('news')).toBe('/news');
  fc.assert(
    fc.property(rests, (rest) => {
      expect(parseDestination(`/user${displayDestination(rest)}`, 'subscribe', 'alice')).toMatchObject({
        rest,
      });
    }),
  );
});
