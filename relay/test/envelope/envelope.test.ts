import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  clientTypes,
  type Envelope,
  EnvelopeError,
  type EnvelopeInput,
  messageTypes,
  openEnvelope,
  sealEnvelope,
  sendTypes,
} from '../../envelope/index.js';

const input: EnvelopeInput = {
  sendType: 'user',
  messageType: 'event',
  businessType: 'order.shipped',
  fromUniqueId: 'shop',
  toUniqueId: 'alice',
  fromClientType: 'service',
  content: { order: 'A-17' },
};

const open = (body: unknown, sender?: string) => openEnvelope({ body: JSON.stringify(body), sender });

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(EnvelopeError);
    expect((error as EnvelopeError).code).toBe('ERR_ENVELOPE');
    return (error as EnvelopeError).message;
  }
  throw new Error('nothing was thrown');
}

const name = fc.string({ minLength: 1, maxLength: 255 });
const envelopes: fc.Arbitrary<EnvelopeInput> = fc
  .record({
    sendType: fc.constantFrom(...sendTypes),
    messageType: fc.constantFrom(...messageTypes),
    businessType: name,
    fromUniqueId: name,
    fromClientType: fc.constantFrom(...clientTypes),
    timestamp: fc.nat(),
    content: fc.jsonValue(),
    tags: fc.array(name, { maxLength: 5 }),
    businesses: fc.array(fc.record({ type: name, id: name }), { maxLength: 3 }),
    one: fc.string({ maxLength: 255 }),
    several: fc.array(name, { maxLength: 5 }),
  })
  .map(({ one, several, ...rest }) => ({ ...rest, toUniqueId: rest.sendType === 'users' ? several : one }));

describe('an envelope', () => {
  test('comes out as it went in, whatever is in it', () => {
    fc.assert(
      fc.property(envelopes, (one) => {
        // -0 is 0 in JSON.
        expect(openEnvelope({ body: sealEnvelope(one), sender: undefined })).toEqual(
          JSON.parse(JSON.stringify(one)),
        );
      }),
    );
  });

  test('gets the time, no tags and no businesses when they are left out', () => {
    const before = Date.now();
    const { timestamp, ...rest } = open(
      JSON.parse(sealEnvelope({ ...input, timestamp: undefined as never })),
    );
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now());
    expect(rest).toEqual({ ...input, tags: [], businesses: [] });
  });

  test('is from whom the relay has verified, whatever it says itself', () => {
    const sealed = sealEnvelope(input);
    expect(openEnvelope({ body: sealed, sender: 'mallory' }).fromUniqueId).toBe('mallory');
    expect(openEnvelope({ body: sealed, sender: undefined }).fromUniqueId).toBe('shop');
    // An empty name is a name that was verified, too.
    expect(openEnvelope({ body: sealed, sender: '' }).fromUniqueId).toBe('');
  });

  test('loses fields that nobody knows, and is no way into a prototype', () => {
    const body = `${sealEnvelope(input).slice(0, -1)},"extra":1,"__proto__":{"polluted":true}}`;
    const opened = openEnvelope({ body, sender: undefined });
    expect(Object.keys(opened)).not.toContain('extra');
    expect((opened as { polluted?: boolean }).polluted).toBeUndefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('opens or is an EnvelopeError, whatever the body', () => {
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      envelopes.map((one) => JSON.stringify({ ...one, tags: 1 })),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          openEnvelope({ body, sender: undefined });
        } catch (error) {
          expect(error).toBeInstanceOf(EnvelopeError);
        }
      }),
    );
  });

  const long = 'x'.repeat(256);
  test.each<[string, object]>([
    ['sendType', { sendType: 'everyone' }],
    ['messageType', { messageType: undefined }],
    ['businessType', { businessType: '' }],
    ['businessType', { businessType: long }],
    ['fromUniqueId', { fromUniqueId: 7 }],
    ['fromUniqueId', { fromUniqueId: '' }],
    ['toUniqueId', { toUniqueId: null }],
    ['toUniqueId', { toUniqueId: long }],
    ['toUniqueId', { toUniqueId: ['alice'] }],
    ['toUniqueId', { sendType: 'users', toUniqueId: 'alice' }],
    ['toUniqueId', { sendType: 'users', toUniqueId: Array(10_001).fill('a') }],
    ['fromClientType', { fromClientType: 'toaster' }],
    ['toClientType', { toClientType: 'toaster' }],
    ['timestamp', { timestamp: -1 }],
    ['timestamp', { timestamp: 1.5 }],
    ['timestamp', { timestamp: 'now' }],
    ['tags', { tags: 'urgent' }],
    ['tags.0', { tags: [''] }],
    ['tags', { tags: Array(101).fill('t') }],
    ['businesses.0.id', { businesses: [{ type: 'order' }] }],
    ['businesses', { businesses: Array(101).fill({ type: 'a', id: 'b' }) }],
  ])('names the field that is wrong, on both ways: %s with %j', (field, wrong) => {
    const bad = { ...input, timestamp: 1, ...wrong };
    expect(messageOf(() => open(bad))).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: .`));
    expect(messageOf(() => sealEnvelope(bad as EnvelopeInput))).toMatch(new RegExp(`^${field}: .`));
  });

  test('says what is wrong in words', () => {
    expect(messageOf(() => open({ ...input, timestamp: 'now' }))).toContain('expected');
    expect(messageOf(() => open([]))).toMatch(/^the envelope: .*object/);
    expect(messageOf(() => openEnvelope({ body: '{', sender: undefined }))).toBe('the body is not JSON');
    const round: { self?: unknown } = {};
    round.self = round;
    expect(messageOf(() => sealEnvelope({ ...input, content: round }))).toMatch(
      /^content: cannot be written as JSON/,
    );
  });
});

describe('the content', () => {
  const sealed = {
    body: sealEnvelope({ ...input, content: { order: 'A-17', total: 3 } }),
    sender: undefined,
  };

  test('is typed and checked by a schema with parse', () => {
    const schema = z.object({ order: z.string(), total: z.number() });
    const opened = openEnvelope(sealed, { parse: (value) => schema.parse(value) });
    expectTypeOf(opened).toEqualTypeOf<Envelope<{ order: string; total: number }>>();
    expect(opened.content.total).toBe(3);
    const never = {
      parse: () => {
        throw new Error('no order');
      },
    };
    expect(messageOf(() => openEnvelope(sealed, never))).toBe('content: no order');
  });

  test('is typed and checked by a Standard Schema, which names the place', () => {
    const opened = openEnvelope(sealed, z.object({ order: z.string() }));
    expectTypeOf(opened.content).toEqualTypeOf<{ order: string }>();
    expect(opened.content).toEqual({ order: 'A-17' });
    expect(messageOf(() => openEnvelope(sealed, z.object({ total: z.string() })))).toMatch(
      /^content\.total: .*string/,
    );
    expect(opened.fromUniqueId).toBe('shop');
  });

  test('is not checked by a schema that takes its time', () => {
    const slow = z.object({}).refine(async () => true);
    expect(messageOf(() => openEnvelope(sealed, slow))).toContain('answers with a promise');
  });

  test('is unknown without a schema', () => {
    expectTypeOf(openEnvelope(sealed).content).toBeUnknown();
  });
});
