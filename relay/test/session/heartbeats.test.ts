import { beforeEach, expect, it } from 'vitest';
import { Heartbeats } from '../../src/session/heartbeats.js';
import { LIMITS, RecordingTransport } from './rig.js';

let transport: RecordingTransport;
let heartbeats: Heartbeats;
let lost: string[];
let start: number;

// The clock is the argument of tick; only the start is the real one.
beforeEach(() => {
  transport = new RecordingTransport();
  start = Date.now();
  transport.lastWrite = start;
  heartbeats = new Heartbeats(transport, LIMITS);
  lost = [];
});

function tick(after: number, paused = false): void {
  heartbeats.tick(start + after, paused, (closure) => lost.push(closure));
}

// The constructor reads the clock a moment later than this file.
const SLACK = 1000;

it('sends none and expects none until they are agreed', () => {
  tick(25_000);
  expect([transport.heartbeats, lost]).toEqual([0, []]);
});

it('sends before the interval is over, and only when nothing else went out', () => {
  heartbeats.agree(10_000, 0);
  tick(5000);
  expect(transport.heartbeats).toBe(0);
  tick(9500);
  expect(transport.heartbeats).toBe(1);
  transport.lastWrite = start + 9500;
  tick(12_000);
  expect(transport.heartbeats).toBe(1);
  tick(19_250);
  expect(transport.heartbeats).toBe(2);
});

it('is never late at one second, looked at four times a second', () => {
  heartbeats.agree(1000, 0);
  let longest = 0;
  for (let now = 0; now <= 20_000; now += 250) {
    const before = transport.heartbeats;
    tick(now);
    if (transport.heartbeats === before) continue;
    longest = Math.max(longest, start + now - transport.lastWrite);
    transport.lastWrite = start + now;
  }
  expect(transport.heartbeats).toBeGreaterThanOrEqual(20);
  expect(longest).toBeLessThanOrEqual(1000);
});

it('loses a client that is silent for twice the agreed interval, and not before', () => {
  heartbeats.agree(0, 10_000);
  tick(20_000);
  expect(lost).toEqual([]);
  tick(20_001 + SLACK);
  expect(lost).toEqual(['heartbeatLost']);
});

it('does not blame a client for what it was not read', () => {
  heartbeats.agree(0, 1000);
  for (let now = 0; now <= 60_000; now += 250) tick(now, true);
  tick(61_900);
  expect(lost).toEqual([]);
  tick(62_001 + SLACK);
  expect(lost).toEqual(['heartbeatLost']);
});

it('loses a client that proves nothing in time, unless it is not read', () => {
  transport.proofPendingSince = start;
  heartbeats.agree(0, 0);
  tick(10_000, true);
  tick(LIMITS.confirmTimeout + 5000);
  expect(lost).toEqual([]);
  tick(LIMITS.confirmTimeout + 10_001);
  expect(lost).toEqual(['slowConsumer']);
});

it('asks a silent client, and one that was heard it does not', () => {
  tick(29_000);
  expect(transport.proofRequests).toBe(0);
  tick(30_001 + SLACK);
  expect(transport.proofRequests).toBe(1);
  heartbeats.heard();
  tick(29_000);
  expect(transport.proofRequests).toBe(1);
});
