import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Identity } from '../../src/auth/identity.js';
import { AuthError } from '../../src/errors.js';
import { loadPolicy } from '../../src/policy/load.js';
import { type Frame, header } from '../../src/stomp/frame.js';
import { Rig, Settlements, userMessage } from '../session/rig.js';
import { waitFor } from '../support/wait.js';

const ALICE: Identity = {
  user: 'alice',
  userWord: 'alice',
  claims: { sub: 'alice', roles: ['staff'] },
  expiresAt: Date.now() + 60_000,
  tokenId: 'one',
};
const RULES = `
version: 1
rules:
  - subscribe: ['/topic/open.#', '/queue/open.#']
    send: ['/topic/#']
  - when: { roles: staff }
    subscribe: ['/topic/staff.#', '/queue/staff.#', '/topic/list,1']
    headers: [durable]
`;

let rig: Rig;
let checked: string[];

beforeEach(async () => {
  rig = new Rig({}, ALICE);
  Object.assign(rig.services, { policy: loadPolicy(RULES, 'test') });
  checked = [];
  await rig.connect();
  rig.frames.length = 0;
});
afterEach(() => rig.close());

/** The next token that is checked is of this identity, or none at all. */
function next(identity: Partial<Identity> | Error): void {
  vi.spyOn(rig.services.signIn, 'withToken').mockImplementation(async (token) => {
    checked.push(token);
    if (identity instanceof Error) throw identity;
    return { ...ALICE, tokenId: 'two', ...identity };
  });
}

function refresh(...headers: string[]): void {
  rig.send('SEND', [
    'destination',
    '/relay/token',
    'Authorization',
    'Bearer new',
    'receipt',
    'r',
    ...headers,
  ]);
}

/** No broker in a unit test: it confirms the end of a private subscription at once. */
function confirmUnsubscribe(): void {
  vi.spyOn(rig.session.private.link, 'unsubscribe').mockImplementation((_id, _headers, done) => done?.());
}

const answer = (): Promise<Frame> =>
  waitFor(() => rig.frames.find(({ command }) => command === 'RECEIPT' || command === 'ERROR'), {
    what: 'an answer',
  });
const code = async () => header((await answer()).headers, 'code');

function subscribe(id: string, destination: string, ...headers: string[]): void {
  rig.send('SUBSCRIBE', ['id', id, 'destination', destination, ...headers]);
}

describe('a new token', () => {
  it.each([
    ['Authorization', 'Bearer new'],
    ['authorization', 'new'],
    ['X-Authorization', 'bearer new'],
    ['X-Auth-Token', 'new'],
  ])('in the header %s gives the session its end and its claims', async (name, value) => {
    const expiresAt = Date.now() + 3_600_000;
    next({ expiresAt, claims: { sub: 'alice', roles: ['boss'] } });
    rig.send('SEND', ['destination', '/relay/token', name, value, 'receipt', 'r'], 'a body means nothing');
    expect((await answer()).command).toBe('RECEIPT');
    expect(checked).toEqual(['new']);
    expect(rig.session.user).toMatchObject({ expiresAt, tokenId: 'two', claims: { roles: ['boss'] } });
    rig.session.tick(Date.now() + 61_000);
    expect(rig.transport.closed).toBeUndefined();
  });

  it('keeps the order of frames while it is checked', async () => {
    next({ claims: { sub: 'alice' } });
    refresh();
    subscribe('s', '/topic/staff.x', 'receipt', 's');
    rig.send('BEGIN', ['transaction', 't', 'receipt', 't']);
    expect(rig.session.subscriptions.size).toBe(0);
    await waitFor(() => rig.session.isClosed, { what: 'the refusal of what the new claims do not allow' });
    expect(rig.frames.map(({ headers }) => header(headers, 'receipt-id'))).toEqual(['r', 's']);
    expect(header(rig.frames[1]?.headers ?? [], 'code')).toBe('ERR_FORBIDDEN');
  });

  it('does not wait for subscriptions that are on their way: the broker may be away', async () => {
    next({});
    subscribe('s', '/topic/open.x');
    refresh();
    expect((await answer()).command).toBe('RECEIPT');
  });

  it('does nothing when the session ends while it is checked', async () => {
    let checkedNow = () => {};
    vi.spyOn(rig.services.signIn, 'withToken').mockReturnValue(
      new Promise((resolve) => {
        checkedNow = () => resolve({ ...ALICE, tokenId: 'two' });
      }),
    );
    refresh();
    rig.session.onClose(1006);
    checkedNow();
    await Promise.resolve();
    await Promise.resolve();
    expect([rig.frames, rig.session.identity?.tokenId]).toEqual([[], 'one']);
  });

  it('costs as much as a hundred frames', async () => {
    rig.close();
    rig = new Rig({ sendRate: 100 }, ALICE);
    await rig.connect();
    next({});
    for (let i = 0; i < 6; i++) rig.send('SEND', ['destination', '/relay/token', 'Authorization', 'new']);
    await waitFor(() => rig.transport.paused, { what: 'the pause' });
    expect(checked.length).toBeLessThan(5);
  });
});

describe('is refused', () => {
  it.each([
    ['another user', { user: 'bob', userWord: 'bob', claims: { sub: 'bob' } }],
    ['another subject of the same name', { claims: { sub: 'alice-2' } }],
    ['a name of another spelling', { user: 'Alice', userWord: 'Alice' }],
  ])('the token of %s', async (_, identity) => {
    next(identity);
    refresh();
    expect(await code()).toBe('ERR_TOKEN_OTHER_USER');
    expect(header((await answer()).headers, 'receipt-id')).toBe('r');
    expect(rig.transport.closed?.code).toBe(4401);
    expect(rig.session.identity?.tokenId).toBe('one');
  });

  it('a bad token, which is not repeated', async () => {
    next(new AuthError('ERR_TOKEN_SIGNATURE', 'the signature is wrong'));
    rig.send('SEND', ['destination', '/relay/token', 'Authorization', 'Bearer s3cret-token', 'receipt', 'r']);
    expect(await code()).toBe('ERR_TOKEN_SIGNATURE');
    expect(rig.transport.closed?.code).toBe(4401);
    expect(JSON.stringify(rig.frames) + (await answer()).body).not.toContain('s3cret');
  });

  it.each([
    ['no token', []],
    ['a passcode', ['passcode', 'new']],
    ['an empty one', ['Authorization', ' ']],
  ])('%s', async (_, headers) => {
    next({});
    rig.send('SEND', ['destination', '/relay/token', 'receipt', 'r', ...headers]);
    expect(await code()).toBe('ERR_TOKEN_MISSING');
    expect(checked).toEqual([]);
  });

  it('a token in a transaction', async () => {
    next({});
    rig.send('BEGIN', ['transaction', 't']);
    refresh('transaction', 't');
    expect(await code()).toBe('ERR_BAD_HEADER');
    expect(checked).toEqual([]);
  });

  it.each([
    ['SEND', '/relay/other'],
    ['SEND', '/relay/token/x'],
    ['SEND', '/relay/'],
    ['SEND', '/user/alice/relay.session'],
    ['SUBSCRIBE', '/relay/token'],
  ])('%s to %s', async (command, destination) => {
    rig.send(command, ['id', 's', 'destination', destination, 'Authorization', 'new', 'receipt', 'r']);
    expect(await code()).toMatch(/^ERR_DESTINATION_(INVALID|RESERVED)$/);
  });
});

describe('subscriptions', () => {
  const ended = async () => header((await answer()).headers, 'relay-ended');
  const sent = (id: string) =>
    rig.frames.filter(
      ({ headers, command }) => command === 'MESSAGE' && header(headers, 'subscription') === id,
    );

  it('that the new claims allow go on, those that they do not allow end', async () => {
    subscribe('a', '/topic/open.x');
    subscribe('b', '/topic/staff.x');
    subscribe('c', '/user/topic/reply');
    subscribe('list,1', '/topic/list,1');
    subscribe('private', '/queue/staff.x', 'ack', 'client');
    subscribe('open', '/topic/open.y', 'ack', 'client');
    confirmUnsubscribe();
    next({ claims: { sub: 'alice' } });
    refresh();
    expect(await ended()).toBe('b,list%2C1,private');
    expect([...rig.session.subscriptions.keys()]).toEqual(['a', 'c', 'open']);
    expect(rig.services.topics.feedCount).toBe(1);
  });

  it('that shaped a queue end when the new claims do not grant the header', async () => {
    Object.assign(rig.services, {
      policy: loadPolicy(
        "version: 1\nrules:\n  - subscribe: ['/topic/d']\n  - when: { roles: staff }\n    subscribe: ['/topic/d']\n    headers: [durable]\n",
        'test',
      ),
    });
    subscribe('plain', '/topic/d');
    subscribe('durable', '/topic/d', 'durable', 'true');
    confirmUnsubscribe();
    next({ claims: { sub: 'alice' } });
    refresh();
    expect(await ended()).toBe('durable');
  });

  it('are not named when none ends', async () => {
    subscribe('a', '/topic/open.x');
    next({});
    refresh();
    expect(await ended()).toBeUndefined();
  });

  it('that ended are told in notices, before the RECEIPT', async () => {
    subscribe('n', '/user/relay.session');
    subscribe('b', '/topic/staff.x');
    const expiresAt = Date.now() + 3_600_000;
    next({ claims: { sub: 'alice' }, expiresAt });
    refresh();
    await answer();
    expect(sent('n').map(({ body }) => JSON.parse(body.toString()))).toEqual([
      {
        type: 'subscription-ended',
        subscription: 'b',
        destination: '/topic/staff.x',
        reason: 'not allowed to subscribe to /topic/staff.x',
      },
      { type: 'token-refreshed', expiresAt: new Date(expiresAt).toISOString() },
    ]);
    expect(rig.commands.at(-1)).toBe('RECEIPT');
  });

  it('that ended may still be named by a client that has not heard of it', async () => {
    subscribe('b', '/queue/staff.x', 'ack', 'client-individual');
    confirmUnsubscribe();
    next({ claims: { sub: 'alice' } });
    refresh();
    await answer();
    rig.frames.length = 0;
    rig.send('ACK', ['id', 'T_b@@session-1@@1', 'receipt', 'ack']);
    rig.send('UNSUBSCRIBE', ['id', 'b', 'receipt', 'unsubscribe']);
    await waitFor(() => rig.frames.length === 2, { what: 'both receipts' });
    expect(rig.frames.map(({ headers }) => header(headers, 'receipt-id'))).toEqual(['ack', 'unsubscribe']);
    expect(rig.commands).toEqual(['RECEIPT', 'RECEIPT']);
    rig.send('UNSUBSCRIBE', ['id', 'never', 'receipt', 'x']);
    expect(rig.transport.closed?.code).toBe(4400);
  });

  it('with a message on its way and one to acknowledge are left alone', async () => {
    subscribe('u', '/user/x', 'ack', 'client-individual');
    const settlements = new Settlements();
    const taker = rig.session.subscriptions.get('u') as unknown as {
      deliver(...args: unknown[]): void;
    };
    taker.deliver(userMessage('m1'), settlements.delivery('m1'));
    next({ claims: { sub: 'alice' } });
    refresh();
    await answer();
    taker.deliver(userMessage('m2'), settlements.delivery('m2'));
    const acks = sent('u').map(({ headers }) => header(headers, 'ack') ?? '');
    for (const ack of acks) rig.send('ACK', ['id', ack]);
    await waitFor(() => settlements.acked.length === 2, { what: 'both acknowledgements' });
    expect(settlements).toMatchObject({ acked: ['m1', 'm2'], refused: [] });
  });
});
