import { expect, it } from 'vitest';
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
