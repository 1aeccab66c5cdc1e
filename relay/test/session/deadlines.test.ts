import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { header } from '../../src/stomp/frame.js';
import { LIMITS, Rig, Settlements, userMessage } from './rig.js';

let rig: Rig;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  rig.close();
  vi.useRealTimers();
});

const code = () => header(rig.frames.at(-1)?.headers ?? [], 'code');
const closed = () => rig.transport.closed?.code;
const after = (ms: number) => rig.session.tick(rig.session.openedAt + ms);

function identity(expiresAt: number) {
  return { user: 'alice', userWord: 'alice', claims: {}, expiresAt, tokenId: 'one' };
}

describe('the first frame', () => {
  beforeEach(() => {
    rig = new Rig();
  });

  it('must come in time', () => {
    after(LIMITS.firstFrameTimeout);
    expect(closed()).toBeUndefined();
    after(LIMITS.firstFrameTimeout + 1);
    expect([closed(), code()]).toEqual([4408, 'ERR_FIRST_FRAME_TIMEOUT']);
  });

  it('is none while it is not whole, and heart-beats are none', () => {
    for (const byte of '\n\nCONNECT\naccept-version:1.2\n\n') rig.session.onData(Buffer.from(byte));
    after(LIMITS.firstFrameTimeout + 1);
    expect(code()).toBe('ERR_FIRST_FRAME_TIMEOUT');
  });

  it('in time leaves the rest of the time for the token', () => {
    vi.spyOn(rig.services.signIn, 'withToken').mockReturnValue(new Promise(() => {}));
    rig.session.identity = undefined;
    rig.send('CONNECT', ['accept-version', '1.2', 'host', '/', 'Authorization', 'token']);
    after(LIMITS.connectTimeout);
    expect(closed()).toBeUndefined();
    after(LIMITS.connectTimeout + 1);
    expect([closed(), code()]).toEqual([4408, 'ERR_CONNECT_TIMEOUT']);
  });
});

describe('the end of a token', () => {
  it('is kept to the millisecond, between two sweeps', async () => {
    const expiresAt = Date.now() + 900;
    rig = new Rig({}, identity(expiresAt));
    await rig.connect();
    rig.session.tick(Date.now());
    await vi.advanceTimersByTimeAsync(899);
    expect(closed()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect([closed(), code()]).toEqual([4410, 'ERR_TOKEN_EXPIRED']);
  });

  it('gives back what a client was sent and has not proved, and nothing more goes out', async () => {
    rig = new Rig({}, identity(Date.now() + 900));
    await rig.connect();
    rig.send('SUBSCRIBE', ['id', 's', 'destination', '/user/x']);
    const settlements = new Settlements();
    const taker = rig.session.subscriptions.get('s') as unknown as { deliver(...args: unknown[]): void };
    taker.deliver(userMessage('before'), settlements.delivery('before'));
    rig.session.tick(Date.now());
    await vi.advanceTimersByTimeAsync(900);
    taker.deliver(userMessage('after'), settlements.delivery('after'));
    expect(settlements).toMatchObject({ acked: [], refused: ['before', 'after'] });
    expect(rig.commands.filter((command) => command === 'MESSAGE')).toHaveLength(1);
  });

  it('is that of the next token when one came in time', async () => {
    rig = new Rig({}, identity(Date.now() + 900));
    await rig.connect();
    rig.session.tick(Date.now());
    const until = Date.now() + 5000;
    rig.session.identity = identity(until);
    await vi.advanceTimersByTimeAsync(4500);
    rig.session.tick(Date.now());
    expect(closed()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(500);
    expect([closed(), Date.now()]).toEqual([4410, until]);
  });

  it('leaves no timer behind when the session ends before', async () => {
    rig = new Rig({}, identity(Date.now() + 900));
    await rig.connect();
    rig.session.tick(Date.now());
    rig.session.onClose(1000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
