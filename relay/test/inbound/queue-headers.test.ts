import { describe, expect, it } from 'vitest';
import { ForbiddenError } from '../../src/errors.js';
import { grantedQueueHeaders, isQueueShaping } from '../../src/inbound/queue-headers.js';
import { GRANTABLE_HEADERS } from '../../src/policy/load.js';

const NONE: ReadonlySet<string> = new Set();

it.each(GRANTABLE_HEADERS)('%s needs a grant of its own', (name) => {
  expect(isQueueShaping(name)).toBe(true);
  expect(() => grantedQueueHeaders([name, 'x'], NONE)).toThrow(ForbiddenError);
  const others = new Set<string>(GRANTABLE_HEADERS.filter((other) => other !== name));
  expect(() => grantedQueueHeaders([name, 'x'], others)).toThrow(ForbiddenError);
  expect(grantedQueueHeaders(['id', '1', name, 'x'], new Set([name]))).toEqual([name, 'x']);
});

it('takes nothing else along', () => {
  const headers = ['id', '1', 'durable', 'true', 'x-other', 'y', 'auto-delete', 'false', 'Durable', 'true'];
  expect(grantedQueueHeaders(headers, new Set(['durable', 'auto-delete', 'x-other']))).toEqual([
    'durable',
    'true',
    'auto-delete',
    'false',
  ]);
  expect(grantedQueueHeaders(['id', '1'], NONE)).toEqual([]);
});

it('says which rule would help', () => {
  try {
    grantedQueueHeaders(['x-expires', '1'], NONE);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(ForbiddenError);
    expect((error as ForbiddenError).detail).toContain('headers: [x-expires]');
  }
});

describe('a grant of a header', () => {
  const ALL = new Set<string>(GRANTABLE_HEADERS);

  it.each([
    ['x-queue-name', 'relay.node.x'],
    ['x-queue-name', 'relay.unread.intake'],
    ['x-queue-name', 'stomp-subscription-abc'],
    ['x-queue-name', 'amq.gen-abc'],
    ['x-dead-letter-exchange', 'relay.user'],
    ['x-dead-letter-exchange', 'relay.unread'],
    ['x-dead-letter-exchange', 'amq.rabbitmq.trace'],
    ['x-dead-letter-routing-key', 'relay.node.x'],
  ])('is no grant of %s: %s', (name, value) => {
    expect(() => grantedQueueHeaders(['id', '1', name, value], ALL)).toThrow(
      expect.objectContaining({ code: 'ERR_FORBIDDEN', closure: 'forbidden' }),
    );
    // The same words elsewhere in a name, or in a header that names nothing, are harmless.
    expect(grantedQueueHeaders([name, `my.${value}`], ALL)).toEqual([name, `my.${value}`]);
    expect(grantedQueueHeaders(['x-overflow', value], ALL)).toEqual(['x-overflow', value]);
  });

  it('never tells what the name was', () => {
    expect(() => grantedQueueHeaders(['x-queue-name', 'relay.secret'], ALL)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
