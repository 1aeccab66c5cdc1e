import { beforeEach, describe, expect, it } from 'vitest';
import { Outgoing } from '../../src/outbound/outgoing.js';
import { ProvenSends } from '../../src/session/proven-sends.js';
import { encodeFrame } from '../../src/stomp/encoder.js';
import { RecordingTransport, Settlements } from './rig.js';

let transport: RecordingTransport;
let settlements: Settlements;
let overflows: number;
let proven: ProvenSends;

const MOST = 1000;

beforeEach(() => {
  transport = new RecordingTransport();
  settlements = new Settlements();
  overflows = 0;
  proven = new ProvenSends(transport, MOST, () => overflows++);
});

function send(body: string): void {
  const frame = new Outgoing(encodeFrame('MESSAGE', ['message-id', body], Buffer.from(body), '1.2'));
  proven.send(frame, settlements.delivery(body));
}

const written = () => transport.frames.map(({ body }) => body.toString());

/** The ping has been on its way for this long. */
function unanswered(milliseconds: number): void {
  transport.proofPendingSince = Date.now() - milliseconds;
}

it('writes each at once, and confirms up to what was proved', () => {
  for (const body of ['a', 'b', 'c']) send(body);
  expect([written(), proven.size]).toEqual([['a', 'b', 'c'], 3]);
  proven.prove(2);
  expect([settlements.acked, proven.size]).toEqual([['a', 'b'], 1]);
  // Of what is left somebody has to ask.
  expect(transport.proofRequests).toBe(4);
});

describe('while the client does not answer', () => {
  it('sends on for a moment, then holds everything back, and sends it in order with the answer', () => {
    send('a');
    unanswered(300);
    send('b');
    unanswered(2000);
    for (const body of ['c', 'd']) send(body);
    expect([written(), proven.size]).toEqual([['a', 'b'], 4]);
    transport.proofPendingSince = 0;
    proven.prove(2);
    expect([written(), settlements.acked]).toEqual([
      ['a', 'b', 'c', 'd'],
      ['a', 'b'],
    ]);
    proven.prove(4);
    expect([settlements.acked, proven.size]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  it('lets nothing overtake what is held', () => {
    send('a');
    unanswered(2000);
    send('b');
    transport.proofPendingSince = 0;
    send('c');
    expect(written()).toEqual(['a']);
    proven.prove(1);
    expect(written()).toEqual(['a', 'b', 'c']);
  });

  it('holds no more than may pile up', () => {
    send('a');
    unanswered(2000);
    send('b'.repeat(300));
    expect(overflows).toBe(0);
    send('c'.repeat(300));
    expect(overflows).toBe(1);
  });

  it('gives up all of it in order when the client is gone', () => {
    send('a');
    unanswered(2000);
    send('b');
    proven.releaseAll();
    expect([settlements.refused, proven.size]).toEqual([['a', 'b'], 0]);
  });
});
