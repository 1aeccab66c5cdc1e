import { describe, expect, it } from 'vitest';
import { parseDestination, userWord } from '../../relay/src/destination.js';
import { inboxOf } from '../src/destination.js';

describe('inboxOf', () => {
  it('keeps plain names readable', () => {
    expect(inboxOf(' bob ')).toBe('/user/bob/topic/reply');
  });

  it('means the user of that name to the relay, whatever the name has in it', () => {
    for (const name of ['alice@example.com', 'a/b', '50%', 'x*y#z', '.', '..', 'ä 👋', "o'brien(1)"]) {
      expect(parseDestination(inboxOf(name), 'send', 'me')).toMatchObject({
        kind: 'user',
        userWord: userWord(name),
      });
    }
  });
});
