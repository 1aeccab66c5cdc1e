import { describe, expect, it } from 'vitest';
import type { ReceivedFrame } from '../support/stomp.js';
import { normalise } from './normalise.js';
import type { Transcript } from './scenario.js';

function message(headers: Record<string, string>, body: Buffer | string = 'x'): ReceivedFrame {
  return {
    command: 'MESSAGE',
    headers: { subscription: 's', destination: '/topic/a', redelivered: 'false', ...headers },
    body: Buffer.from(body as string),
  };
}

function transcript(run: string, frames: ReceivedFrame[], notes: Record<string, unknown> = {}): Transcript {
  return { run, clients: { client: { version: '1.2', frames, refused: false } }, notes };
}

describe('normalise', () => {
  it('makes runs equal that differ in ids, unique names and generated queues only', () => {
    const native = transcript('aaaa', [
      message({ 'message-id': 'T_s@@1', ack: 'T_s@@1', destination: '/queue/work-aaaa', 'x-trace': '1' }),
      message({ 'message-id': 'T_s@@2', ack: 'T_s@@2', 'reply-to': '/reply-queue/amq.gen-AbC_-1' }),
    ]);
    const relay = transcript('bbbb', [
      message({
        'x-trace': '1',
        destination: '/queue/work-bbbb',
        'message-id': 'm7',
        ack: 'm7',
        'relay-user': 'alice',
      }),
      message({ 'message-id': 'm9', ack: 'm9', 'reply-to': '/reply-queue/other' }),
    ]);
    expect(normalise(relay)).toEqual(normalise(native));
  });

  it('ignores the order between subscriptions but not within one', () => {
    const [a1, a2, b] = [message({}, '1'), message({}, '2'), message({ subscription: 't' }, '3')];
    const native = normalise(transcript('r', [a1, a2, b]));
    expect(normalise(transcript('r', [b, a1, a2]))).toEqual(native);
    expect(normalise(transcript('r', [a2, a1, b]))).not.toEqual(native);
  });

  it.each<[string, ReceivedFrame[]]>([
    ['a header that is missing', [message({ ack: '1', 'message-id': '1' })]],
    ['a header too many', [message({ ack: '1', 'message-id': '1', colour: 'blue', more: '' })]],
    ['another value', [message({ ack: '1', 'message-id': '1', colour: 'red' })]],
    ['a redelivered flag', [message({ ack: '1', 'message-id': '1', colour: 'blue', redelivered: 'true' })]],
    ['an ack that is not the message-id', [message({ ack: '2', 'message-id': '1', colour: 'blue' })]],
    ['another body', [message({ ack: '1', 'message-id': '1', colour: 'blue' }, 'y')]],
    ['one byte of a large body', [message({ ack: '1', 'message-id': '1', colour: 'blue' }, 'x'.repeat(99))]],
    [
      'another subscription',
      [message({ ack: '1', 'message-id': '1', colour: 'blue', subscription: 'other' })],
    ],
    ['a message too many', Array(2).fill(message({ ack: '1', 'message-id': '1', colour: 'blue' }))],
    ['no message', []],
  ])('sees %s', (_, frames) => {
    const native = transcript('r', [message({ ack: '1', 'message-id': '1', colour: 'blue' })]);
    expect(normalise(transcript('r', frames))).not.toEqual(normalise(native));
  });

  it('sees a receipt that is missing and a note that differs', () => {
    const receipt = { command: 'RECEIPT', headers: { 'receipt-id': 'r1' }, body: Buffer.alloc(0) };
    const native = normalise(transcript('r', [receipt], { queue: { messages: 1 } }));
    expect(normalise(transcript('r', [], { queue: { messages: 1 } }))).not.toEqual(native);
    expect(normalise(transcript('r', [receipt], { queue: { messages: 2 } }))).not.toEqual(native);
  });

  it('sees whether a generated name is the same one again', () => {
    const once = transcript('r', [
      message({ 'reply-to': 'amq.gen-1' }),
      message({ 'reply-to': 'amq.gen-1' }),
    ]);
    const twice = transcript('r', [
      message({ 'reply-to': 'amq.gen-1' }),
      message({ 'reply-to': 'amq.gen-2' }),
    ]);
    expect(normalise(twice)).not.toEqual(normalise(once));
  });
});
