import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RelayError } from '../../src/errors.js';
import { PrivateLink } from '../../src/upstream/private.js';
import { SendLink } from '../../src/upstream/sends.js';
import { nowhere } from '../support/links.js';

// The links of a unit test never get to a broker: what is sent waits, as it does for one that does not read.
const TIMEOUT = 60_000;
const limits = { timeout: TIMEOUT, highWater: 1 << 20, alarm: { congested: false } };
let refused: (string | undefined)[];
const done = (error?: RelayError) => refused.push(error?.code);

beforeEach(() => {
  vi.useFakeTimers();
  limits.alarm.congested = false;
  refused = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const links = {
  'a shared link': () => {
    const link = new SendLink(nowhere(), limits);
    return {
      send: () => link.send(['destination', '/topic/x'], Buffer.alloc(1), done),
      pass: (ms: number) => vi.advanceTimersByTime(ms),
      close: () => link.close(),
    };
  },
  'a private link': () => {
    const link = new PrivateLink(nowhere(), limits, { onMessage() {}, onRefused() {} });
    return {
      send: () => link.publish(['destination', '/queue/x'], Buffer.alloc(1), done),
      pass: (ms: number) => {
        for (let left = ms; left > 0; left -= 250) {
          vi.advanceTimersByTime(250);
          link.tick(Date.now());
        }
      },
      close: () => void link.close(),
    };
  },
};

describe.each(Object.entries(links))('%s', (_, open) => {
  it('refuses a SEND that the broker does not confirm in time', () => {
    const { send, pass, close } = open();
    send();
    pass(TIMEOUT - 1000);
    expect(refused).toEqual([]);
    pass(2000);
    expect(refused).toEqual(['ERR_SEND_TIMEOUT']);
    close();
  });

  it('refuses none while the broker has an alarm, and gives each its whole time afterwards', () => {
    const { send, pass, close } = open();
    send();
    pass(TIMEOUT - 1000);
    limits.alarm.congested = true;
    pass(10 * TIMEOUT);
    expect(refused).toEqual([]);
    limits.alarm.congested = false;
    pass(TIMEOUT - 1000);
    expect(refused).toEqual([]);
    pass(2000);
    expect(refused).toEqual(['ERR_SEND_TIMEOUT']);
    close();
  });
});
