import type { ConnectionState, WireFrame } from 'stomp-relay/client';
import { describe, expect, it } from 'vitest';
import { bytes, FrameRing, passes, readable, subjectOf } from '../../src/wire/frames.js';
import { addSample, curve, latencyOf, ms, SAMPLES_KEPT } from '../../src/wire/latency.js';
import { emptyTimeline, follow, note, sessionNews, type Timeline } from '../../src/wire/timeline.js';

const frame = (command: string, headers: Record<string, string> = {}, body = ''): WireFrame => ({
  direction: 'in',
  at: 1,
  command,
  headers,
  body,
});

describe('the ring of frames', () => {
  it('keeps the latest, newest first, and counts all', () => {
    const ring = new FrameRing(3);
    for (let i = 1; i <= 10; i++) {
      ring.add(frame('MESSAGE', {}, String(i)));
      expect(ring.latest().length).toBe(Math.min(i, 3));
      expect(ring.latest()[0]?.number).toBe(i);
    }
    expect(ring.latest().map(({ body }) => body)).toEqual(['10', '9', '8']);
    expect(ring.count).toBe(10);
  });

  it('counts on after it was cleared', () => {
    const ring = new FrameRing();
    ring.add(frame('SEND'));
    ring.clear();
    expect(ring.latest()).toEqual([]);
    ring.add(frame('SEND'));
    expect(ring.latest()[0]?.number).toBe(2);
  });

  it('measures bodies in bytes, not characters', () => {
    const ring = new FrameRing();
    ring.add(frame('MESSAGE', {}, 'é€'));
    expect(ring.latest()[0]?.size).toBe(5);
  });
});

describe('a frame in the list', () => {
  it('passes the filter by its command', () => {
    const all = ['MESSAGE', 'SEND', 'RECEIPT', 'heart-beat', 'SUBSCRIBE'].map((command) => frame(command));
    const shown = (filter: Parameters<typeof passes>[1]) =>
      all.filter((each) => passes(each, filter)).map(({ command }) => command);
    expect(shown('all')).toHaveLength(5);
    expect(shown('messages')).toEqual(['MESSAGE']);
    expect(shown('sent')).toEqual(['SEND']);
    expect(shown('subscriptions')).toEqual(['SUBSCRIBE']);
    expect(shown('receipts')).toEqual(['RECEIPT']);
    expect(shown('no-beats')).toEqual(['MESSAGE', 'SEND', 'RECEIPT', 'SUBSCRIBE']);
  });

  it('is named by what it is about', () => {
    expect(subjectOf(frame('SEND', { destination: '/topic/x', receipt: '1' }))).toBe('/topic/x');
    expect(subjectOf(frame('RECEIPT', { 'receipt-id': '1' }))).toBe('1');
    expect(subjectOf(frame('heart-beat'))).toBe('');
  });

  it('shows JSON with line breaks, anything else as it is', () => {
    expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(readable('<b>{')).toBe('<b>{');
    expect([bytes(0), bytes(999), bytes(2048)]).toEqual(['0 B', '999 B', '2.0 kB']);
  });
});

describe('the timeline', () => {
  const connected: ConnectionState = {
    status: 'connected',
    user: 'alice',
    session: 's',
    node: 'n1',
    version: '1.2',
    transport: 'websocket',
    since: 0,
  };
  const lost: ConnectionState = {
    status: 'waiting',
    attempt: 1,
    retryAt: 9,
    reason: 'the socket closed',
    code: 1006,
  };
  const connecting: ConnectionState = { status: 'connecting', attempt: 2 };
  const play = (...states: [ConnectionState, number][]): Timeline =>
    states.reduce((timeline, [state, at]) => follow(timeline, state, at), emptyTimeline);

  it('says how long one was away, whatever came in between', () => {
    const { steps } = play(
      [connected, 100],
      [lost, 1000],
      [connecting, 1500],
      [lost, 1600],
      [connected, 2200],
    );
    expect(steps[0]).toMatchObject({
      kind: 'connected',
      text: 'Connected to n1',
      away: 1200,
    });
    expect(steps.slice(1).every(({ away }) => away === undefined)).toBe(true);
    expect(steps.at(-2)?.text).toBe('Lost: the socket closed (1006)');
  });

  it('counts each outage from its own beginning', () => {
    const { steps } = play([connected, 0], [lost, 100], [connected, 200], [lost, 1000], [connected, 1500]);
    expect(steps.map(({ away }) => away)).toEqual([500, undefined, 100, undefined, undefined]);
  });

  it('says nothing of being away at the first connection', () => {
    expect(play([connecting, 1], [connected, 500]).steps[0]?.away).toBeUndefined();
  });

  it('says nothing twice', () => {
    const once = play([connected, 1]);
    expect(follow(once, { ...connected }, 2)).toBe(once);
  });

  it('shows what the reader did, and still counts from when the connection went', () => {
    const timeline = note(play([connected, 0], [lost, 100]), 'You went offline', 110);
    expect(timeline.steps[0]?.text).toBe('You went offline');
    expect(follow(timeline, connected, 400).steps[0]?.away).toBe(300);
  });

  it('puts what was begun before what came of it, when it is told later', () => {
    const { steps } = note(play([connected, 0], [lost, 120]), 'You cut the socket', 100);
    expect(steps.map(({ at }) => at)).toEqual([120, 100, 0]);
  });

  it('tells what the relay says about the token', () => {
    expect(sessionNews('{"type":"token-expiring","expiresAt":"…","expiresIn":5}')).toBe(
      'The relay says: the token ends in 5 s',
    );
    expect(sessionNews('{"type":"token-refreshed","expiresAt":null}')).toMatch(/next token/);
    for (const other of ['{"type":"subscription-ended"}', '{"type":"token-expiring"}', 'null', '3', '<b>']) {
      expect(sessionNews(other)).toBeUndefined();
    }
  });

  it('does not grow without end', () => {
    let timeline = emptyTimeline;
    for (let i = 0; i < 200; i++) timeline = note(timeline, String(i), i);
    expect(timeline.steps).toHaveLength(50);
    expect(new Set(timeline.steps.map(({ id }) => id)).size).toBe(50);
  });
});

describe('latency', () => {
  it('keeps the last thirty', () => {
    const samples = Array.from({ length: 40 }, (_, i) => i).reduce(
      addSample,
      [] as readonly (number | undefined)[],
    );
    expect(samples).toHaveLength(SAMPLES_KEPT);
    expect(samples.at(-1)).toBe(39);
  });

  it('says last, median and worst of what was answered', () => {
    expect(latencyOf([5, undefined, 1, 3])).toEqual({ last: 3, median: 3, worst: 5 });
    expect(latencyOf([undefined])).toBeUndefined();
  });

  it('draws a gap where no answer came', () => {
    expect(curve([1, undefined, 10], 290, 100)).toBe('M270 90M290 0');
    expect(curve([10, 5], 290, 100)).toBe('M280 0L290 50');
    expect(curve([], 290, 100)).toBe('');
  });

  it('does not draw noise as trouble', () => {
    expect(curve([0, 1], 290, 100)).toBe('M280 100L290 90');
  });

  it('is written to be read', () => {
    expect([1.234, 12.6, 12_345].map(ms)).toEqual(['1.2 ms', '13 ms', '12.3 s']);
  });
});
