import { describe, expect, it } from 'vitest';
import { ForbiddenError } from '../../src/errors.js';
import { grantedQueueHeaders, isQueueShaping } from '../../src/inbound/queue-headers.js';
import { type AllowedValues, GRANTABLE_HEADERS, type HeaderGrants } from '../../src/policy/header-grants.js';

const NONE: HeaderGrants = new Map();

/** Grants of headers, whatever they say. */
function granting(...names: readonly string[]): HeaderGrants {
  return new Map(names.map((name) => [name, [{ kind: 'any' }]]));
}

it.each(GRANTABLE_HEADERS)('%s needs a grant of its own', (name) => {
  expect(isQueueShaping(name)).toBe(true);
  expect(() => grantedQueueHeaders([name, 'x'], NONE)).toThrow(ForbiddenError);
  const others = granting(...GRANTABLE_HEADERS.filter((other) => other !== name));
  expect(() => grantedQueueHeaders([name, 'x'], others)).toThrow(ForbiddenError);
  expect(grantedQueueHeaders(['id', '1', name, 'x'], granting(name))).toEqual([name, 'x']);
});

it('takes nothing else along', () => {
  const headers = ['id', '1', 'durable', 'true', 'x-other', 'y', 'auto-delete', 'false', 'Durable', 'true'];
  expect(grantedQueueHeaders(headers, granting('durable', 'auto-delete', 'x-other'))).toEqual([
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
  const ALL = granting(...GRANTABLE_HEADERS);

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

describe('a grant of some values', () => {
  const some = (name: string, ...allowed: AllowedValues[]): HeaderGrants => new Map([[name, allowed]]);
  const taken = (name: string, value: string, grants: HeaderGrants): boolean => {
    try {
      return grantedQueueHeaders([name, value], grants).length === 2;
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
      return false;
    }
  };

  it.each([
    ['0', true],
    ['3600000', true],
    ['3600001', false],
    ['-1', false],
    ['+5', false],
    ['5.0', false],
    ['1e3', false],
    ['0x10', false],
    [' 5', false],
    ['', false],
    ['NaN', false],
    ['٥', false],
    ['9'.repeat(400), false],
  ])('up to 3600000: %j is taken: %s', (value, expected) => {
    expect(taken('x-expires', value, some('x-expires', { kind: 'range', min: 0, max: 3_600_000 }))).toBe(
      expected,
    );
  });

  it('has a lower bound too', () => {
    const grants = some('x-expires', { kind: 'range', min: 10, max: Number.MAX_SAFE_INTEGER });
    expect([taken('x-expires', '9', grants), taken('x-expires', '10', grants)]).toEqual([false, true]);
  });

  it('takes exactly what is listed', () => {
    const grants = some('x-queue-type', { kind: 'one-of', values: ['quorum', 'classic'] });
    expect(
      ['quorum', 'classic', 'stream', 'Quorum', '', 'quorum '].filter((v) =>
        taken('x-queue-type', v, grants),
      ),
    ).toEqual(['quorum', 'classic']);
  });

  it('is widened by every other', () => {
    const grants = some(
      'x-max-length',
      { kind: 'range', min: 1, max: 5 },
      { kind: 'one-of', values: ['100'] },
    );
    expect(['0', '1', '5', '6', '100'].map((value) => taken('x-max-length', value, grants))).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('says what it takes', () => {
    const grants = some('x-expires', { kind: 'range', min: 0, max: 60 }, { kind: 'one-of', values: ['100'] });
    expect(() => grantedQueueHeaders(['x-expires', '61'], grants)).toThrow(
      expect.objectContaining({
        code: 'ERR_FORBIDDEN',
        detail: 'It takes 0 to 60 or 100, as the rules of the access file say.',
      }),
    );
  });

  it('is no grant of the names that are not for clients, even when it lists them', () => {
    const grants = some('x-queue-name', { kind: 'one-of', values: ['relay.node.x'] });
    expect(taken('x-queue-name', 'relay.node.x', grants)).toBe(false);
  });
});
