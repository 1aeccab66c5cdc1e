import { describe, expect, it } from 'vitest';
import { isTracestate, passedTrace, readTraceparent } from '../src/trace-context.js';
import { Tracing, tracedTarget } from '../src/tracing.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

describe('traceparent (Trace Context, 3.2)', () => {
  it('is read', () => {
    expect(readTraceparent(GOOD)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
  });

  it.each([
    ['a later version', `cc-${TRACE}-${SPAN}-01`],
    ['a later version with more behind', `cc-${TRACE}-${SPAN}-01-what-the-future-brings`],
    ['flags that are not known', `00-${TRACE}-${SPAN}-ff`],
  ])('may be %s', (_what, value) => {
    expect(readTraceparent(value)).toMatchObject({ traceId: TRACE, spanId: SPAN });
  });

  it.each([
    ['empty', ''],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['version 00 with more behind', `${GOOD}-more`],
    ['more without a dash', `cc-${TRACE}-${SPAN}-01.more`],
    ['capitals', GOOD.toUpperCase()],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['too short', `00-${TRACE}-${SPAN}-1`],
    ['no hexadecimal', `00-${TRACE.replace('4', 'g')}-${SPAN}-01`],
    ['a space behind', `${GOOD} `],
    ['a line behind', `${GOOD}\n`],
    ['far too long', `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`],
  ])('is not: %s', (_what, value) => {
    expect(readTraceparent(value)).toBeUndefined();
  });
});

describe('tracestate (Trace Context, 3.3)', () => {
  it.each([
    'rojo=00f067aa0ba902b7',
    'rojo=1,congo=t61rcWkgMzE',
    'rojo=1 , ,\tcongo=2',
    'fw529a3039@dt=FfffffeC-0,a/b_c*d-e=x y!',
  ])('is %s', (value) => {
    expect(isTracestate(value)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['no value', 'rojo='],
    ['no key', '=1'],
    ['no equals sign', 'rojo'],
    ['a capital in the key', 'Rojo=1'],
    ['the same key twice', 'rojo=1,rojo=2'],
    ['an equals sign in the value', 'rojo=a=b'],
    ['what is not ASCII', 'rojo=ä'],
    ['33 members', Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(',')],
    ['too long', `rojo=${'x'.repeat(255)},congo=${'x'.repeat(255)}`],
  ])('is not: %s', (_what, value) => {
    expect(isTracestate(value)).toBe(false);
  });
});

describe('what is passed on', () => {
  it.each([
    ['both', ['traceparent', GOOD, 'tracestate', 'a=1'], ['traceparent', GOOD, 'tracestate', 'a=1']],
    ['the first of each', ['traceparent', GOOD, 'traceparent', 'x'], ['traceparent', GOOD]],
    ['no state without a parent', ['tracestate', 'a=1'], []],
    ['no state with a bad parent', ['traceparent', 'x', 'tracestate', 'a=1'], []],
    ['no bad state', ['traceparent', GOOD, 'tracestate', 'A=1'], ['traceparent', GOOD]],
    ['nothing else', ['other', GOOD], []],
  ])('is %s', (_what, headers, passed) => {
    expect(passedTrace(headers)).toEqual(passed);
  });
});

describe('spans', () => {
  it('are nobody’s business without an SDK', () => {
    expect(Tracing.find()).toBeUndefined();
  });

  it.each([
    ['/exchange/relay.user/bob.topic.reply', 'relay.user', 'bob.topic.reply'],
    ['/exchange/e/a/b', 'e', 'a/b'],
    ['/topic/news.sport', 'amq.topic', 'news.sport'],
    ['/queue/work', '', 'work'],
    ['/reply-queue/amq.gen-x', '', 'amq.gen-x'],
  ])('name %s in the broker’s terms', (target, destination, routingKey) => {
    expect(tracedTarget(target, 3)).toEqual({ destination, routingKey, bytes: 3 });
  });
});
