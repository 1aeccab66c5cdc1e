import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drain, pace } from '../src/drain.js';
import type { Session } from '../src/session/session.js';
import { Rig, Settlements, userMessage } from './session/rig.js';

describe('the pace', () => {
  it.each([1, 7, 40, 5000])('of %i sessions gives each its own share of the time', (count) => {
    const times = pace(count, 4000);
    for (const [index, time] of times.entries()) expect(Math.floor((time * count) / 4000)).toBe(index);
  });

  it('is not the same twice', () => {
    expect(pace(40, 4000)).not.toEqual(pace(40, 4000));
  });
});

describe('a drain', () => {
  const TIME = 4000;
  const GRACE = 1000;
  /** When it is the turn of the only session, and almost the end of its grace. */
  const TURN = (TIME - GRACE) / 2;
  const LATE = TURN + GRACE - 100;
  let sessions: Set<Session>;
  let rigs: Rig[];

  beforeEach(() => {
    vi.useFakeTimers();
    sessions = new Set();
    rigs = [];
  });
  afterEach(() => {
    for (const rig of rigs) rig.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  /** A session of a relay that all of them share. */
  function rig(): Rig {
    const one = new Rig();
    one.services.sessions.delete(one.session);
    Object.assign(one.services, { sessions: sessions.add(one.session) });
    rigs.push(one);
    return one;
  }

  async function subscribed(ack = 'auto'): Promise<Rig> {
    const one = rig();
    await one.connect();
    one.send('SUBSCRIBE', ['id', 's', 'destination', '/user/topic/reply', 'ack', ack]);
    return one;
  }

  function begin() {
    if (sessions.size === 1) vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const result: { value?: Awaited<ReturnType<typeof drain>> } = {};
    void drain(sessions, TIME).then((value) => {
      result.value = value;
    });
    return result;
  }

  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
  const code = (one: Rig) => one.transport.closed?.code;

  it('of nobody is over at once', async () => {
    const result = begin();
    await pass(0);
    expect(result.value).toEqual({ moved: 0, unsettled: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells everybody with 1001, a few at a time, and is over with the last', async () => {
    for (let i = 0; i < 40; i++) rig();
    const result = begin();
    let before = 40;
    while (!result.value) {
      await pass(TIME / 10);
      // The time for what is on its way is left out of what they are spread over.
      expect(before - sessions.size).toBeLessThanOrEqual((40 / 10) * (TIME / (TIME - GRACE)) + 2);
      before = sessions.size;
    }
    expect(result.value).toEqual({ moved: 40, unsettled: 0 });
    expect(rigs.map(code)).toEqual(rigs.map(() => 1001));
  });

  it('is over as soon as everybody has left by themselves', async () => {
    const all = Array.from({ length: 40 }, rig);
    const result = begin();
    for (const one of all) one.session.onClose(1000);
    await pass(50);
    expect(result.value?.moved).toBeLessThan(5);
  });

  it('waits for the proof of what a client was sent, and hands it nothing more', async () => {
    const one = await subscribed();
    const settlements = new Settlements();
    one.session.sendUnproven(
      userMessage('m').encode({ subscription: 's', destination: '/user/topic/reply', version: '1.2' }),
      settlements.delivery('m'),
    );
    const result = begin();
    await pass(LATE);
    expect(one.services.users.routeCount).toBe(0);
    expect(code(one)).toBeUndefined();
    one.session.onProof(one.transport.sent);
    await pass(20);
    expect(code(one)).toBe(1001);
    expect(settlements).toMatchObject({ acked: ['m'], refused: [] });
    expect(result.value).toEqual({ moved: 1, unsettled: 0 });
  });

  it('waits for the ACK of what a client was sent', async () => {
    const one = await subscribed('client');
    const settlements = new Settlements();
    const ack = one.session.acknowledgements.add(1, 'm', settlements.delivery('m'));
    begin();
    await pass(LATE);
    expect(code(one)).toBeUndefined();
    one.send('ACK', ['id', ack, 'receipt', 'r']);
    await pass(20);
    expect(code(one)).toBe(1001);
    expect(one.commands.at(-1)).toBe('RECEIPT');
    expect(settlements).toMatchObject({ acked: ['m'], refused: [] });
  });

  it('gives back what is not confirmed in time', async () => {
    const one = await subscribed('client');
    const settlements = new Settlements();
    one.session.acknowledgements.add(1, 'm', settlements.delivery('m'));
    const result = begin();
    await pass(LATE + 200);
    expect(code(one)).toBe(1001);
    expect(settlements).toMatchObject({ acked: [], refused: ['m'] });
    expect(result.value).toEqual({ moved: 1, unsettled: 1 });
  });

  it.each([
    ['with', ['receipt', 'r']],
    ['without', []],
  ])('waits for the broker to have what a client has sent %s a receipt', async (_with, receipt) => {
    const one = rig();
    await one.connect();
    one.send('SEND', ['destination', '/topic/x', ...receipt], 'body');
    // The broker is away.
    const result = begin();
    await pass(LATE);
    expect(code(one)).toBeUndefined();
    await pass(200);
    expect(result.value).toEqual({ moved: 1, unsettled: 1 });
  });

  it('waits for frames that have come and wait for their turn', async () => {
    const one = rig();
    await one.connect();
    one.alarm.congested = true;
    one.send('SEND', ['destination', '/topic/x', 'receipt', 'r'], 'body');
    begin();
    await pass(LATE);
    expect(code(one)).toBeUndefined();
  });

  it('leaves a client that takes its leave to its RECEIPT', async () => {
    const one = rig();
    await one.connect();
    void one.session.leave(60_000);
    begin();
    await pass(LATE);
    expect(code(one)).toBeUndefined();
    await pass(200);
    expect(code(one)).toBe(1001);
  });
});
