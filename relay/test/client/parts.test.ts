import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Counts } from '../../client/counts.js';
import { createRelayClient } from '../../client/index.js';
import { mailboxName } from '../../client/mailbox.js';
import { liveMessage, pulledMessage } from '../../client/message.js';
import { Value } from '../../client/observable.js';
import { renewIn } from '../../client/refresh.js';
import { Tokens } from '../../client/tokens.js';
import { onAwake, Pause } from '../../client/wake.js';
import { displayDestination } from '../../src/unread/address.js';

const NOW = 1_700_000_000_000;
const token = (claims: Record<string, number>) =>
  `e30.${Buffer.from(JSON.stringify({ sub: 'zoë', ...claims })).toString('base64url')}.`;

describe('a readable value', () => {
  it('tells a listener the value at once and every other one after it, until it is stopped', () => {
    const value = new Value(1);
    const told: number[] = [];
    const stop = value.subscribe((next) => told.push(next));
    value.set(2);
    value.set(2);
    stop();
    value.set(3);
    expect([told, value.value]).toEqual([[1, 2], 3]);
  });

  it('says when somebody begins to listen and when nobody does any more', () => {
    const watched: boolean[] = [];
    const value = new Value(0, (on) => watched.push(on));
    const listener = () => {};
    const stops = [value.subscribe(listener), value.subscribe(listener)];
    for (const stop of stops) for (let twice = 0; twice < 2; twice++) stop();
    expect(watched).toEqual([true, false]);
  });
});

describe('renewing a token', () => {
  const seconds = NOW / 1000;

  it.each([
    ['an hour', { iat: seconds, exp: seconds + 3600 }, 3540],
    ['one without iat', { exp: seconds + 3600 }, 3540],
    ['twenty seconds', { iat: seconds, exp: seconds + 20 }, 15],
    ['one that is nearly over', { iat: seconds - 3590, exp: seconds + 10 }, 5],
  ])('of %s is ahead of its end', (_, claims, expected) => {
    expect(renewIn(token(claims), NOW)).toBe(expected * 1000);
  });

  it('is not planned by a clock that takes a good token for ended, nor for what cannot be read', () => {
    const unreadable = ['', 'opaque', 'a.b.c', 'a.e30.c', token({})];
    expect([token({ exp: seconds - 1 }), ...unreadable].map((one) => renewIn(one, NOW))).toEqual(
      Array(6).fill(undefined),
    );
  });
});

describe('tokens', () => {
  it('are fetched when there is none, when it was refused, and when it has ended', async () => {
    const asked: (string | undefined)[] = [];
    const good = token({ exp: Math.floor(Date.now() / 1000) + 600 });
    const answers = ['first', good, token({ exp: 1 }), 'last'];
    const tokens = new Tokens((stale) => {
      asked.push(stale);
      return answers.shift() ?? 'none';
    });
    expect([await tokens.get(), await tokens.get()]).toEqual(['first', 'first']);
    tokens.refuse();
    expect([await tokens.get(), await tokens.get()]).toEqual([good, good]);
    tokens.refuse();
    const ended = await tokens.get();
    expect(await tokens.get()).toBe('last');
    expect(asked).toEqual([undefined, 'first', good, ended]);
  });
});

describe('messages', () => {
  const binary = Uint8Array.from([0, 255, 254, 10]);
  const coded = Buffer.from(binary).toString('base64');

  it('pulled in base64 have their bytes', () => {
    const pulled = pulledMessage('/user/a', { id: '1', headers: {}, body: coded, encoding: 'base64' });
    expect([pulled.bytes, pulled.unread]).toEqual([binary, true]);
  });

  it('over SockJS in base64 have their bytes', () => {
    const headers = { 'message-id': 'm', 'relay-encoding': 'base64', 'relay-user': 'bob' };
    const frame = { headers, body: coded, binaryBody: Buffer.from(coded) };
    const live = liveMessage('/topic/a', frame as never);
    expect([live.bytes, live.id, live.sender, live.unread]).toEqual([binary, 'm', 'bob', false]);
  });
});

it('names a mailbox as the relay does in counts', () => {
  const rest = fc.array(fc.stringMatching(/^[a-z.]{1,4}$/), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rest, (segments) => {
      expect(mailboxName(`/user/${segments.join('/')}`)).toBe(displayDestination(segments.join('.')));
    }),
  );
});

describe('a wait', () => {
  it('ends early when there is reason to try again', async () => {
    const pause = new Pause();
    const waited = pause.wait(3_600_000);
    pause.wake();
    await waited;
  });

  it('that the relay asked for ends early only when it is not wanted any more', async () => {
    const pause = new Pause();
    let over = false;
    const waited = pause.wait(3_600_000, true).then(() => {
      over = true;
    });
    pause.wake();
    await new Promise(setImmediate);
    expect(over).toBe(false);
    pause.end();
    await waited;
  });

  it('ends early when the browser is online again, or the page is looked at', () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    const browser = new EventTarget();
    vi.stubGlobal('document', page);
    for (const name of ['addEventListener', 'removeEventListener'] as const) {
      vi.stubGlobal(name, browser[name].bind(browser));
    }
    let awake = 0;
    const stop = onAwake(() => awake++);
    browser.dispatchEvent(new Event('online'));
    page.dispatchEvent(new Event('visibilitychange'));
    expect(awake).toBe(1);
    page.visibilityState = 'visible';
    page.dispatchEvent(new Event('visibilitychange'));
    stop();
    page.dispatchEvent(new Event('visibilitychange'));
    browser.dispatchEvent(new Event('online'));
    vi.unstubAllGlobals();
    expect(awake).toBe(2);
  });
});

describe('counts', () => {
  it('have all that there is, corrected by what was told while it was asked for', async () => {
    const counts = new Counts(() => {});
    const before = counts.value.value;
    await counts.begin(async () => {
      counts.change('/topic/a', 0);
      counts.change('/topic/c', 1);
      return { '/topic/a': 3, '/topic/b': 2 };
    });
    expect(counts.value.value).toEqual({ total: 3, counts: { '/topic/b': 2, '/topic/c': 1 } });
    counts.change('/topic/b', 0);
    expect(counts.value.value).toEqual({ total: 1, counts: { '/topic/c': 1 } });
    counts.reset();
    expect(counts.value.value).toEqual(before);
  });

  it('of a connection before do not overwrite those of the present one', async () => {
    const counts = new Counts(() => {});
    let answerLate = (_: Record<string, number>) => {};
    const late = new Promise<Record<string, number>>((resolve) => {
      answerLate = resolve;
    });
    const first = counts.begin(() => late);
    await counts.begin(async () => ({ '/topic/new': 1 }));
    answerLate({ '/topic/old': 9 });
    await first;
    expect(counts.value.value.counts).toEqual({ '/topic/new': 1 });
  });
});

describe('createRelayClient', () => {
  it('says what is missing where there is no page that tells where the relay is', () => {
    expect(() => createRelayClient({ token: () => 't' })).toThrow(/say where the relay is/);
  });

  it('refuses what it cannot do', () => {
    const client = createRelayClient({ url: 'http://127.0.0.1:1', token: () => 't' });
    expect(() => client.subscribe('/queue/a', () => {}, { headers: { ack: 'client' } })).toThrow(/stompjs/);
  });
});
