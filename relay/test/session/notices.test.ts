import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/auth/identity.js';
import { header } from '../../src/stomp/frame.js';
import { Rig } from './rig.js';

const START = Date.now();
const LIFE = 300_000;
let rig: Rig;

async function open(expiresAt: number | undefined, tokenWarning = 60_000): Promise<void> {
  const identity: Identity = { user: 'alice', userWord: 'alice', claims: {}, expiresAt, tokenId: 'one' };
  rig = new Rig({ tokenWarning, maxAge: 1e9 }, identity);
  await rig.connect();
  rig.frames.length = 0;
}
beforeEach(() => open(START + LIFE));
afterEach(() => rig.close());

function subscribe(id: string, ...headers: string[]): void {
  rig.send('SUBSCRIBE', ['id', id, 'destination', '/user/relay.session', ...headers]);
}

const messages = () => rig.frames.filter(({ command }) => command === 'MESSAGE');
const told = () =>
  messages().map(({ headers, body }) => ({
    to: header(headers, 'subscription'),
    ...(JSON.parse(body.toString()) as object),
  }));

const expiring = (to: string, expiresIn: number) => ({
  to,
  type: 'token-expiring',
  expiresAt: new Date(START + LIFE).toISOString(),
  expiresIn,
});

describe('a token that is about to end', () => {
  it('is told once to each subscription, so long ahead', () => {
    for (const id of ['a', 'b']) subscribe(id);
    rig.session.tick(START + LIFE - 60_001);
    expect(told()).toEqual([]);
    rig.session.tick(START + LIFE - 60_000);
    rig.session.tick(START + LIFE - 30_000);
    expect(told()).toEqual([expiring('a', 60), expiring('b', 60)]);
    const [first, second] = messages();
    expect(header(first?.headers ?? [], 'destination')).toBe('/user/relay.session');
    expect(header(first?.headers ?? [], 'content-type')).toBe('application/json');
    expect(header(first?.headers ?? [], 'ack')).toBeUndefined();
    expect(header(first?.headers ?? [], 'message-id')).not.toBe(header(second?.headers ?? [], 'message-id'));
  });

  it('is told at once to whoever comes later', () => {
    rig.session.tick(START + LIFE - 30_000);
    subscribe('late');
    rig.session.tick(START + LIFE - 20_000);
    expect(told()).toEqual([expiring('late', 20)]);
  });

  it('is not told after UNSUBSCRIBE', () => {
    subscribe('a');
    rig.send('UNSUBSCRIBE', ['id', 'a']);
    rig.session.tick(START + LIFE - 30_000);
    expect(told()).toEqual([]);
  });

  it('is told again for the next token', () => {
    subscribe('a');
    rig.session.tick(START + LIFE - 1000);
    rig.session.notices.refreshed(undefined);
    rig.session.tick(START + LIFE - 500);
    expect(told()).toEqual([
      expiring('a', 1),
      { to: 'a', type: 'token-refreshed', expiresAt: null },
      expiring('a', 1),
    ]);
  });

  it('is not told when nobody wants that', async () => {
    rig.close();
    await open(START + LIFE, 0);
    subscribe('a');
    rig.session.tick(START + LIFE - 1);
    expect(told()).toEqual([]);
  });

  it('is none that never ends', async () => {
    rig.close();
    await open(undefined);
    subscribe('a');
    rig.session.tick(START + LIFE);
    expect(told()).toEqual([]);
  });
});

it.each([
  ['ack', 'client'],
  ['unread', 'replay'],
])('takes no %s:%s', (name, value) => {
  subscribe('a', name, value);
  expect(header(rig.frames[0]?.headers ?? [], 'code')).toBe('ERR_BAD_HEADER');
});
