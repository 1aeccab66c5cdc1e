import { describe, expect, it } from 'vitest';
import { ForbiddenError, LimitError, ProtocolError } from '../../src/errors.js';
import { connectedFrame, errorFrame, receiptFrame } from '../../src/outbound/frames.js';
import type { StompVersion } from '../../src/stomp/frame.js';

const VERSIONS: StompVersion[] = ['1.0', '1.1', '1.2'];

describe.each(VERSIONS)('STOMP %s', (version) => {
  it('CONNECTED', () => {
    const { bytes, isText } = connectedFrame(version, 'sid', 'a:ü b\n', '1000,1000', 'node-1');
    expect(bytes.toString()).toBe(
      `CONNECTED\nversion:${version}\nserver:stomp-relay\nsession:sid\nheart-beat:1000,1000\n` +
        'user-name:a%3A%C3%BC%20b%0A\nrelay-node:node-1\n\n\0',
    );
    expect(isText).toBe(true);
  });

  it('RECEIPT', () => {
    expect(receiptFrame('r-1', version).bytes.toString()).toBe('RECEIPT\nreceipt-id:r-1\n\n\0');
  });

  it('ERROR says what, which code and for which frame', () => {
    const error = new ForbiddenError('not allowed', 'No rule of the access file allows it.');
    const text = errorFrame(error, 'r-1', version).bytes.toString();
    expect(text).toMatch(/^ERROR\nmessage:not allowed\ncode:ERR_FORBIDDEN\nreceipt-id:r-1\n/);
    expect(text).toMatch(/\n\nNo rule of the access file allows it\.\0$/);
  });

  it('ERROR cannot be broken out of by what a client wrote', () => {
    const error = new ProtocolError('ERR_X', 'bad "a\nmessage:forged\r"');
    const text = errorFrame(error, 'r\nreceipt-id:forged', version).bytes.toString();
    const [head = ''] = text.split('\n\n');
    expect(head.split('\n').filter((line) => line.startsWith('message:'))).toHaveLength(1);
    expect(head.split('\n').filter((line) => line.startsWith('receipt-id:'))).toHaveLength(1);
  });
});

it('ERROR says after how many whole seconds to come back, when that is a matter of time', () => {
  const text = (error: ProtocolError | LimitError) => errorFrame(error, undefined, '1.2').bytes.toString();
  expect(text(new LimitError('ERR_X', 'wait', 'RELAY_CONNECT_RATE', 2.1))).toContain('\nretry-after:3\n');
  expect(text(new LimitError('ERR_X', 'wait', 'RELAY_CONNECT_RATE', 0))).toContain('\nretry-after:1\n');
  expect(text(new ProtocolError('ERR_X', 'what to do'))).not.toContain('retry-after');
});

it('ERROR without a receipt has no receipt-id, and its message for a body when there is no more to say', () => {
  const text = errorFrame(new ProtocolError('ERR_X', 'what to do'), undefined, '1.2').bytes.toString();
  expect(text).not.toContain('receipt-id');
  expect(text).toMatch(/\n\nwhat to do\0$/);
});
