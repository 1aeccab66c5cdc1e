import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessageView, OutboundMessage, passedThrough } from '../../src/outbound/message.js';
import type { Outgoing } from '../../src/outbound/outgoing.js';
import { FrameDecoder } from '../../src/stomp/decoder.js';
import { type Frame, type HeaderList, header, type StompVersion } from '../../src/stomp/frame.js';
import { brokerMessage } from '../support/links.js';

function decoded(outgoing: Outgoing, version: StompVersion = '1.2'): Frame {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder({ onFrame: (frame) => frames.push(frame) }, { side: 'client', version });
  decoder.push(outgoing.bytes);
  expect(frames).toHaveLength(1);
  return frames[0] as Frame;
}

function message(headers: HeaderList, body = '', id?: string): OutboundMessage {
  return new OutboundMessage(headers, Buffer.from(body), id);
}

function all(headers: HeaderList, name: string): string[] {
  return headers.flatMap((value, i) => (i % 2 === 1 && headers[i - 1] === name ? [value] : []));
}

const VIEW: MessageView = { subscription: 'mine', destination: '/user/topic/reply', version: '1.2' };
const ITS_OWN = [
  ...['subscription', 'node', 'destination', '/exchange/relay.user/alice.topic.reply', 'message-id', 'T_1'],
  ...['ack', 'T_1@@s@@1', 'receipt', 's12', 'redelivered', 'false', 'relay-user', 'bob', 'x', 'y'],
];

describe('a message of the hub', () => {
  it('carries the client’s side of things once, and nothing of the broker’s', () => {
    const { headers, body } = decoded(message(ITS_OWN, 'hi', 'n-1').encode(VIEW));
    expect(headers).toEqual([
      ...['subscription', 'mine', 'destination', '/user/topic/reply', 'message-id', 'n-1'],
      ...['redelivered', 'false', 'relay-user', 'bob', 'x', 'y', 'content-length', '2'],
    ]);
    expect(body.toString()).toBe('hi');
  });

  it('keeps the broker’s message-id when it gets none of ours', () => {
    const { headers } = decoded(message(ITS_OWN).encode(VIEW));
    expect(all(headers, 'message-id')).toEqual(['T_1']);
  });

  it('is acknowledged by ack in 1.2, by message-id before that', () => {
    const one = message(ITS_OWN, '', 'n-1');
    const of = (version: StompVersion) =>
      decoded(one.encode({ ...VIEW, version, ack: '7:n-1' }), version).headers;
    expect([all(of('1.2'), 'ack'), all(of('1.2'), 'message-id')]).toEqual([['7:n-1'], ['n-1']]);
    for (const version of ['1.1', '1.0'] as const) {
      expect([all(of(version), 'ack'), all(of(version), 'message-id')]).toEqual([[], ['7:n-1']]);
    }
  });

  it('can be encoded for view after view', () => {
    const one = message(ITS_OWN, 'hi', 'n-1');
    const first = one.encode(VIEW);
    one.encode({ ...VIEW, subscription: 'other', ack: 'a' });
    expect(one.encode(VIEW).bytes.equals(first.bytes)).toBe(true);
  });

  it('tells where an answer is wanted, and passes that on', () => {
    const one = message(['reply-to', '/reply-queue/q'], '', '1');
    expect(one.replyTo).toBe('/reply-queue/q');
    expect(all(decoded(one.encode(VIEW)).headers, 'reply-to')).toEqual(['/reply-queue/q']);
    expect(message([], '', '1').replyTo).toBeUndefined();
  });

  it('lets the first of two reply-to count, which is the one that the client reads', () => {
    const one = message(['reply-to', '/reply-queue/first', 'reply-to', '/reply-queue/second'], '', '1');
    expect(one.replyTo).toBe(header(decoded(one.encode(VIEW)).headers, 'reply-to'));
    expect(one.replyTo).toBe('/reply-queue/first');
  });

  it('never lets a sender’s header stand for the relay’s, in any version', () => {
    const names = fc.constantFrom('subscription', 'destination', 'message-id', 'ack', 'receipt', 'x', 'a:b');
    const text = fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => value.replaceAll('\0', ''));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(names, text)),
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom<StompVersion>('1.0', '1.1', '1.2'),
        fc.boolean(),
        (pairs, bytes, version, acknowledged) => {
          const sent = new OutboundMessage(pairs.flat(), Buffer.from(bytes), 'the-id');
          const view = { ...VIEW, version, ...(acknowledged ? { ack: 'the-ack' } : {}) };
          const { headers, body } = decoded(sent.encode(view), version);
          expect(all(headers, 'subscription')).toEqual(['mine']);
          expect(all(headers, 'destination')).toEqual(['/user/topic/reply']);
          expect(all(headers, 'message-id')).toEqual([
            acknowledged && version !== '1.2' ? 'the-ack' : 'the-id',
          ]);
          expect(all(headers, 'ack')).toEqual(acknowledged && version === '1.2' ? ['the-ack'] : []);
          expect(all(headers, 'receipt')).toEqual([]);
          expect(body.equals(Buffer.from(bytes))).toBe(true);
        },
      ),
    );
  });
});

describe('a message of a private link', () => {
  it('is the broker’s own, but for the sender’s receipt', () => {
    const { headers, body } = decoded(passedThrough(brokerMessage([...ITS_OWN], 'hi'), '1.2'));
    const kept = ITS_OWN.filter((_, i) => ITS_OWN[i & ~1] !== 'receipt');
    expect(headers).toEqual([...kept, 'content-length', '2']);
    expect(body.toString()).toBe('hi');
  });

  it.each<StompVersion>(['1.1', '1.0'])('has no ack header in %s', (version) => {
    const { headers } = decoded(passedThrough(brokerMessage(ITS_OWN), version), version);
    expect(all(headers, 'ack')).toEqual([]);
    expect(header(headers, 'message-id')).toBe('T_1');
  });
});
