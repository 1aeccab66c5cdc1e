import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenRefused } from '../../client/errors.js';
import type { Link } from '../../client/link.js';
import { Refresh } from '../../client/refresh.js';
import { Tokens } from '../../client/tokens.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function open(answers: (string | Error)[]) {
  const tokens = new Tokens(() => {
    const answer = answers.shift() ?? new Error('none');
    if (answer instanceof Error) throw answer;
    return answer;
  });
  await tokens.get();
  const sent: (string | undefined)[] = [];
  const ended: string[] = [];
  const refused: string[] = [];
  const refresh = new Refresh(
    tokens,
    (ids) => ended.push(...ids),
    ({ message }) => refused.push(message),
  );
  const link = {
    isOpen: true,
    send(
      _: string,
      __: string,
      headers: Record<string, string>,
      receipt: (h: Record<string, string>) => void,
    ) {
      sent.push(headers.Authorization);
      receipt({ 'relay-ended': 'a%2Cb,c' });
      return 'r1';
    },
  };
  refresh.up(link as unknown as Link);
  return { refresh, sent, ended, refused, link };
}

describe('a token that cannot be read', () => {
  it('is renewed when half of the time is over that the relay says is left', async () => {
    const { refresh, sent, ended } = await open(['opaque 1', 'opaque 2']);
    await vi.advanceTimersByTimeAsync(3_600_000);
    refresh.expiring(60_000);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual(['Bearer opaque 2']);
    expect(ended).toEqual(['a,b', 'c']);
  });

  it('is asked for again while there is none, or only the same', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { refresh, sent } = await open(['one', new Error('out of reach'), 'one', 'two']);
    refresh.expiring(20_000);
    await vi.advanceTimersByTimeAsync(10_000 + 1000);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(sent).toEqual(['Bearer two']);
  });

  it('is not renewed over a connection that is gone', async () => {
    const { refresh, sent } = await open(['one', 'two']);
    refresh.expiring(20_000);
    refresh.down();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toEqual([]);
  });
});

it('tells when the user is signed out', async () => {
  const { refresh, refused } = await open(['one', new TokenRefused('signed out')]);
  await expect(refresh.refresh()).rejects.toThrow('signed out');
  expect(refused).toEqual(['signed out']);
});
