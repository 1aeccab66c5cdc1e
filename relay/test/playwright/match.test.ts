import { describe, expect, test } from 'vitest';
import { describeFailure, describeFrame, describeMatch } from '../../playwright/frames/describe.js';
import { mismatch } from '../../playwright/frames/match.js';
import type { FrameMatch, StompFrame } from '../../playwright/types.js';

function frame(parts: Partial<StompFrame> = {}): StompFrame {
  const body = parts.body ?? '';
  return {
    direction: 'in',
    at: 0,
    socket: 1,
    url: 'ws://localhost/ws',
    command: 'MESSAGE',
    headers: {},
    body,
    bytes: Buffer.from(body),
    ...parts,
  };
}

const fits = (match: FrameMatch, parts: Partial<StompFrame>) => mismatch(frame(parts), match);

describe('what a frame must be', () => {
  test.each<[string, FrameMatch, Partial<StompFrame>]>([
    ['nothing asked', {}, {}],
    ['direction', { direction: 'out' }, { direction: 'out' }],
    ['command', { command: 'MESSAGE' }, {}],
    ['destination', { destination: '/topic/a' }, { headers: { destination: '/topic/a' } }],
    ['destination by pattern', { destination: /^\/topic\// }, { headers: { destination: '/topic/a' } }],
    ['header', { headers: { 'relay-user': 'bob' } }, { headers: { 'relay-user': 'bob', more: '1' } }],
    ['body', { body: 'hello' }, { body: 'hello' }],
    ['body by pattern', { body: /ell/ }, { body: 'hello' }],
    ['part of a JSON body', { body: { a: { b: 1 } } }, { body: '{"a":{"b":1,"c":2},"d":3}' }],
    ['list in a JSON body', { body: { a: [{ b: 1 }, 2] } }, { body: '{"a":[{"b":1,"c":0},2]}' }],
    ['list as the body', { body: [1, 2] }, { body: '[1,2]' }],
    ['null in a JSON body', { body: { a: null } }, { body: '{"a":null}' }],
    ['a matcher', { body: { id: expect.any(Number) } }, { body: '{"id":17}' }],
  ])('%s', (_, match, parts) => {
    expect(fits(match, parts)).toBeUndefined();
  });

  test.each<[string, FrameMatch, Partial<StompFrame>, string]>([
    ['direction', { direction: 'out' }, {}, 'it went in'],
    ['command', { command: 'ERROR' }, {}, 'it is MESSAGE'],
    ['no destination', { destination: '/topic/a' }, {}, 'it has no header destination'],
    [
      'part of a destination',
      { destination: '/topic/a' },
      { headers: { destination: '/topic/ab' } },
      '/topic/ab',
    ],
    ['header', { headers: { 'relay-user': 'bob' } }, { headers: { 'relay-user': 'eve' } }, 'eve'],
    ['part of a body', { body: 'hell' }, { body: 'hello' }, 'hello'],
    ['no JSON', { body: { a: 1 } }, { body: 'hello' }, 'is not JSON'],
    ['other value', { body: { a: { b: 1 } } }, { body: '{"a":{"b":"1"}}' }, 'a.b is "1"'],
    ['missing value', { body: { a: 1 } }, { body: '{}' }, 'a is not there'],
    ['longer list', { body: { a: [1] } }, { body: '{"a":[1,2]}' }, 'a has 2 entries'],
    ['list for an object', { body: { a: {} } }, { body: '{"a":[]}' }, 'a is []'],
    ['object for a list', { body: [] }, { body: '{}' }, 'the whole is {}'],
    ['null for an object', { body: { a: { b: 1 } } }, { body: '{"a":null}' }, 'a is null'],
    ['a matcher', { body: { id: expect.any(Number) } }, { body: '{"id":"17"}' }, 'id is "17"'],
  ])('not: %s', (_, match, parts, why) => {
    expect(fits(match, parts)).toContain(why);
  });

  test('a pattern with a memory matches every time', () => {
    const match = { body: /ell/g };
    for (let n = 0; n < 3; n += 1) expect(fits(match, { body: 'hello' })).toBeUndefined();
  });
});

describe('what people read', () => {
  test('secrets are masked in frames and in what is looked for', () => {
    const headers = { Authorization: 'Bearer eyJh', passcode: 'p4ss', 'X-Auth-Token': 'tt', login: 'alice' };
    for (const text of [describeFrame(frame({ headers })), describeMatch({ headers })]) {
      expect(text).not.toMatch(/eyJh|p4ss|:tt/);
      expect(text).toContain('login:alice');
    }
  });

  test('a failure names the near ones, what was taken already, and sockets that failed without their token', () => {
    const first = frame({ body: 'one' });
    const second = frame({ body: 'two' });
    const text = describeFailure(
      { command: 'MESSAGE', body: 'one' },
      {
        frames: [frame({ command: 'CONNECTED' }), first, second],
        taken: new Set([first]),
        sockets: 2,
        errors: new Set([
          '#1 ws://localhost/ws?access_token=eyJh: refused',
          '#2 ws://localhost/socket/t1cket: gone',
        ]),
      },
    );
    expect(text).toContain('an earlier expectFrame has returned it');
    expect(text).toContain('its body is "two"');
    expect(text).not.toMatch(/eyJh|t1cket/);
    expect(text).toContain('WebSockets of the page: 2');
  });

  test('a page without a socket is told about SharedWorkers', () => {
    const seen = { frames: [], taken: new Set<StompFrame>(), sockets: 0, errors: new Set<string>() };
    expect(describeFailure({}, seen)).toContain('sharedWorkers');
  });
});
