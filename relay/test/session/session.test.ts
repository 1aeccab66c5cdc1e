import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Outgoing } from '../../src/outbound/outgoing.js';
import { header } from '../../src/stomp/frame.js';
import { clientFrame } from '../support/links.js';
import { waitFor } from '../support/wait.js';
import { LIMITS, Rig, Settlements, userMessage } from './rig.js';

const rigs: Rig[] = [];
function rig(...options: ConstructorParameters<typeof Rig>): Rig {
  const one = new Rig(...options);
  rigs.push(one);
  return one;
}
afterEach(() => {
  for (const one of rigs.splice(0)) one.close();
});

const VIEW = { subscription: 's', destination: '/user/x', version: '1.2' } as const;
const closeCode = (one: Rig) => one.transport.closed?.code;
const error = (one: Rig) => one.frames.find(({ command }) => command === 'ERROR');

describe('the first frame', () => {
  it('is CONNECT, answered with what was agreed', async () => {
    const one = rig();
    await one.connect('heart-beat', '5000,4000');
    expect(one.commands).toEqual(['CONNECTED']);
    const headers = one.frames[0]?.headers ?? [];
    expect(header(headers, 'version')).toBe('1.2');
    expect(header(headers, 'user-name')).toBe('alice');
    expect(header(headers, 'heart-beat')).toBe('1000,1000');
  });

  it.each(['SEND', 'SUBSCRIBE', 'ACK', 'BEGIN', 'DISCONNECT'])('is not %s', (command) => {
    const one = rig();
    one.send(command, ['destination', '/topic/x', 'id', '1', 'transaction', 't', 'receipt', 'r']);
    expect(header(error(one)?.headers ?? [], 'receipt-id')).toBe('r');
    expect(closeCode(one)).toBe(4400);
  });

  it('comes once', async () => {
    const one = rig();
    await one.connect();
    one.send('CONNECT', ['accept-version', '1.2', 'host', '/']);
    expect(closeCode(one)).toBe(4400);
  });

  it('may have others right behind it, which wait', async () => {
    const one = rig();
    one.send('CONNECT', ['accept-version', '1.2', 'host', '/']);
    one.send('BEGIN', ['transaction', 't', 'receipt', 'r']);
    expect(one.commands).not.toContain('RECEIPT');
    await waitFor(() => one.frames.length === 2, { what: 'both answers' });
    expect(one.commands).toEqual(['CONNECTED', 'RECEIPT']);
    expect(one.transport.paused).toBe(false);
  });
});

describe('deadlines', () => {
  it('end a session with its token', async () => {
    const expiresAt = Date.now() + 5000;
    const one = rig({}, { user: 'alice', userWord: 'alice', claims: {}, expiresAt, tokenId: 'one' });
    await one.connect();
    one.session.tick(expiresAt - 1);
    expect(one.transport.closed).toBeUndefined();
    one.session.tick(expiresAt);
    expect([closeCode(one), header(error(one)?.headers ?? [], 'code')]).toEqual([4410, 'ERR_TOKEN_EXPIRED']);
  });

  it('end a session that is too old', async () => {
    const one = rig({ maxAge: 20_000 });
    await one.connect();
    one.session.tick(one.session.openedAt + 20_001);
    expect(closeCode(one)).toBe(1001);
  });
});

describe('acknowledgements that do not come', () => {
  async function waiting(): Promise<{ one: Rig; settlements: Settlements }> {
    const one = rig();
    const settlements = new Settlements();
    await one.connect();
    const id = one.session.acknowledgements.register(false);
    for (const body of ['a', 'b']) one.session.acknowledgements.add(id, body, settlements.delivery(body));
    return { one, settlements };
  }

  it('end a session in time', async () => {
    const { one } = await waiting();
    const now = Date.now();
    one.session.onData(Buffer.from('\n'));
    one.session.tick(now + LIMITS.ackTimeout - 1000);
    expect(one.transport.closed).toBeUndefined();
    one.session.tick(now + LIMITS.ackTimeout + 1000);
    expect([closeCode(one), header(error(one)?.headers ?? [], 'code')]).toEqual([4429, 'ERR_ACK_TIMEOUT']);
  });

  it('end none when all of them came', async () => {
    const { one, settlements } = await waiting();
    one.send('ACK', ['id', '1:a', 'receipt', 'ra']);
    one.send('NACK', ['id', '1:b', 'receipt', 'rb']);
    expect(one.frames.map(({ headers }) => header(headers, 'receipt-id'))).toEqual([undefined, 'ra', 'rb']);
    expect(settlements).toMatchObject({ acked: ['a'], refused: ['b'] });
    one.session.tick(Date.now() + LIMITS.ackTimeout + 1000);
    expect(error(one)).toBeUndefined();
  });
});

describe('an end', () => {
  it('comes once, with one ERROR, and leaves nothing in the list of sessions', async () => {
    const one = rig();
    await one.connect();
    one.session.onData(Buffer.from('NOSUCH\n\n\0'));
    one.session.fail(new Error('again'));
    one.session.onClose(1006);
    expect(one.commands).toEqual(['CONNECTED', 'ERROR']);
    expect(one.services.sessions.size).toBe(0);
  });

  it('never tells what was unexpected', async () => {
    const one = rig();
    await one.connect();
    one.session.fail(new Error('a secret detail'));
    expect(closeCode(one)).toBe(1011);
    expect(JSON.stringify(one.frames) + error(one)?.body).not.toContain('a secret detail');
  });

  it('by an overflow writes nothing more', async () => {
    const one = rig();
    await one.connect();
    one.session.onOverflow();
    one.session.send(new Outgoing(Buffer.alloc(1)));
    expect(one.transport.terminated).toBe(true);
    expect(one.commands).toEqual(['CONNECTED']);
  });
});

describe('the order of frames', () => {
  it('holds a SEND until the subscriptions before it are confirmed, and what follows the SEND too', async () => {
    const one = rig();
    await one.connect();
    one.send('SUBSCRIBE', ['id', '1', 'destination', '/topic/x']);
    one.send('BEGIN', ['transaction', 'before', 'receipt', 'before']);
    one.send('SEND', ['destination', '/topic/x']);
    one.send('BEGIN', ['transaction', 'after', 'receipt', 'after']);
    expect(one.frames.map(({ headers }) => header(headers, 'receipt-id'))).toEqual([undefined, 'before']);
  });

  it.each(['/topic/x', '/user/x'])(
    'does not wait for a subscription to %s that the client has ended again',
    async (destination) => {
      const one = rig();
      await one.connect();
      one.send('SUBSCRIBE', ['id', '1', 'destination', destination]);
      one.send('UNSUBSCRIBE', ['id', '1']);
      one.send('SEND', ['destination', '/topic/x']);
      one.send('BEGIN', ['transaction', 't', 'receipt', 'after']);
      await turn();
      expect(one.commands).toContain('RECEIPT');
      expect(one.transport.paused).toBe(false);
    },
  );

  it('pauses a client whose SENDs pile up', async () => {
    const one = rig();
    await one.connect();
    for (let i = 0; i < 3; i++) one.send('SEND', ['destination', '/topic/x'], 'x'.repeat(30_000));
    expect(one.transport.paused).toBe(true);
  });

  it('pauses a client whose transactions pile up', async () => {
    const one = rig();
    await one.connect();
    for (let i = 0; i < 3; i++) {
      one.send('BEGIN', ['transaction', 't']);
      one.send('SEND', ['destination', '/topic/x', 'transaction', 't'], 'x'.repeat(30_000));
      one.send('COMMIT', ['transaction', 't']);
    }
    expect(one.transport.paused).toBe(true);
  });

  it('lets nothing that publishes through while the broker is short of memory or disk, and everything else', async () => {
    const one = rig();
    await one.connect();
    one.alarm.congested = true;
    one.send('SUBSCRIBE', ['id', '1', 'destination', '/topic/x']);
    one.send('UNSUBSCRIBE', ['id', '1', 'receipt', 'before']);
    await turn();
    expect(one.transport.paused).toBe(false);
    const send = vi.spyOn(one.sends, 'send');
    one.send('SEND', ['destination', '/topic/x']);
    one.send('BEGIN', ['transaction', 't', 'receipt', 'after']);
    expect([one.transport.paused, send.mock.calls.length]).toEqual([true, 0]);
    one.session.tick(Date.now());
    expect(one.frames.map(({ headers }) => header(headers, 'receipt-id'))).toEqual([undefined, 'before']);
    one.alarm.congested = false;
    one.session.tick(Date.now());
    expect([one.transport.paused, send.mock.calls.length]).toEqual([false, 1]);
    expect(header(one.frames.at(-1)?.headers ?? [], 'receipt-id')).toBe('after');
  });

  it('survives a flood of frames in one message behind one that waits', async () => {
    const one = rig();
    const flood = Buffer.concat([
      clientFrame('CONNECT', ['accept-version', '1.2', 'host', '/']),
      clientFrame('SUBSCRIBE', ['id', '1', 'destination', '/topic/x']),
      clientFrame('SEND', ['destination', '/topic/x']),
      Buffer.from('ACK\n\n\0'.repeat(300_000)),
    ]);
    one.session.onData(flood);
    await waitFor(() => one.frames.length, { what: 'CONNECTED' });
    await turn();
    // Held back or refused: both will do, as long as the process lives and nothing of it is handled.
    expect(one.transport.paused || one.session.isClosed).toBe(true);
    expect(one.commands.filter((command) => command !== 'ERROR')).toEqual(['CONNECTED']);
  });
});

describe('DISCONNECT', () => {
  it('is answered at once when nothing is open', async () => {
    const one = rig();
    await one.connect();
    one.send('DISCONNECT', ['receipt', 'bye']);
    await waitFor(() => one.session.isClosed, { what: 'the close' });
    expect(one.commands).toEqual(['CONNECTED', 'RECEIPT']);
    expect(closeCode(one)).toBe(1000);
  });

  it('ends what still waits for its confirmation, and is answered then', async () => {
    const one = rig();
    await one.connect();
    for (const destination of ['/topic/x', '/user/x']) {
      one.send('SUBSCRIBE', ['id', destination, 'destination', destination]);
    }
    one.send('DISCONNECT', ['receipt', 'bye']);
    await waitFor(() => one.session.isClosed, { what: 'the close' });
    expect(one.commands).toEqual(['CONNECTED', 'RECEIPT']);
    expect(closeCode(one)).toBe(1000);
  });

  describe('while the broker is away', () => {
    const GRACE_MS = 5000;
    const confirm = ['receipt', 'r'];
    const inTransaction = ['transaction', 't'];
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it.each([
      ['a SEND with receipt', [['SEND', confirm]]],
      ['a SEND without receipt', [['SEND', []]]],
      [
        'a COMMIT with receipt',
        [
          ['SEND', inTransaction],
          ['COMMIT', [...inTransaction, ...confirm]],
        ],
      ],
      [
        'a COMMIT without receipt',
        [
          ['SEND', inTransaction],
          ['COMMIT', inTransaction],
        ],
      ],
    ] as const)('never claims that %s got there', async (_what, sent) => {
      const one = rig();
      await one.connect();
      one.send('BEGIN', ['transaction', 't']);
      for (const [command, headers] of sent) one.send(command, ['destination', '/topic/x', ...headers]);
      one.send('DISCONNECT', ['receipt', 'bye']);
      await vi.advanceTimersByTimeAsync(GRACE_MS - 1);
      expect(one.session.isClosed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(closeCode(one)).toBe(4503);
      expect(one.commands).toEqual(['CONNECTED']);
    });

    it('does not wait for a transaction that was never committed', async () => {
      const one = rig();
      await one.connect();
      one.send('BEGIN', ['transaction', 't']);
      one.send('SEND', ['destination', '/topic/x', ...inTransaction, ...confirm]);
      one.send('DISCONNECT', ['receipt', 'bye']);
      await vi.advanceTimersByTimeAsync(0);
      expect(one.commands).toEqual(['CONNECTED', 'RECEIPT']);
      expect(closeCode(one)).toBe(1000);
    });

    it('waits for the proof of what was delivered, no longer than a while', async () => {
      const one = rig();
      await one.connect();
      const settlements = new Settlements();
      one.session.sendUnproven(userMessage('a').encode(VIEW), settlements.delivery('a'));
      one.send('DISCONNECT', ['receipt', 'bye']);
      await vi.advanceTimersByTimeAsync(GRACE_MS - 1);
      expect(one.session.isClosed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(one.commands).toEqual(['CONNECTED', 'MESSAGE', 'RECEIPT']);
      expect(settlements).toMatchObject({ acked: [], refused: ['a'] });
    });
  });

  it('is answered as soon as everything is proved', async () => {
    const one = rig();
    await one.connect();
    const settlements = new Settlements();
    one.session.sendUnproven(userMessage('a').encode(VIEW), settlements.delivery('a'));
    one.send('DISCONNECT', ['receipt', 'bye']);
    await turn();
    expect(one.session.isClosed).toBe(false);
    one.session.onProof(one.transport.sent);
    await turn();
    expect(one.commands).toEqual(['CONNECTED', 'MESSAGE', 'RECEIPT']);
    expect(settlements).toMatchObject({ acked: ['a'], refused: [] });
  });

  it('is the last frame that is handled', async () => {
    const one = rig();
    await one.connect();
    one.send('DISCONNECT', ['receipt', 'bye']);
    one.send('BEGIN', ['transaction', 't', 'receipt', 'late']);
    await waitFor(() => one.session.isClosed, { what: 'the close' });
    expect(one.frames.map(({ headers }) => header(headers, 'receipt-id'))).toEqual([undefined, 'bye']);
  });
});
