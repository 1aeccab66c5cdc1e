import { describe, expect, it } from 'vitest';
import { readSockjsPath, upgradeEndpoint } from '../../../src/transport/sockjs/paths.js';

const session = { server: '000', session: 'abcdefgh' };

describe('a path', () => {
  it.each([
    ['/sockjs', { kind: 'greeting' }],
    ['/sockjs/', { kind: 'greeting' }],
    ['/sockjs/info', { kind: 'info' }],
    ['/sockjs/iframe.html', { kind: 'iframe' }],
    ['/sockjs/iframe-1.6.1.html', { kind: 'iframe' }],
    ['/sockjs/sockjs.js', { kind: 'script' }],
    ['/sockjs/iframe.js', { kind: 'bootstrap' }],
    ['/sockjs/websocket', { kind: 'websocket' }],
    ['/sockjs/000/abcdefgh/websocket', { kind: 'websocket' }],
    ['/sockjs/000/abcdefgh/xhr', { kind: 'receive', how: 'xhr', ...session }],
    ['/sockjs/000/abcdefgh/xhr_streaming', { kind: 'receive', how: 'xhr_streaming', ...session }],
    ['/sockjs/000/abcdefgh/eventsource', { kind: 'receive', how: 'eventsource', ...session }],
    ['/sockjs/000/abcdefgh/htmlfile', { kind: 'receive', how: 'htmlfile', ...session }],
    ['/sockjs/000/abcdefgh/jsonp', { kind: 'receive', how: 'jsonp', ...session }],
    ['/sockjs/000/abcdefgh/xhr_send', { kind: 'send', how: 'xhr_send', ...session }],
    ['/sockjs/000/abcdefgh/jsonp_send', { kind: 'send', how: 'jsonp_send', ...session }],
  ])('%s is %j', (path, route) => {
    expect(readSockjsPath(path, '/sockjs')).toEqual(route);
  });

  it.each([
    // Too short to be hard to guess.
    '/sockjs/000/abcdefg/xhr',
    `/sockjs/000/${'a'.repeat(129)}/xhr`,
    '/sockjs/000/abcdef.h/xhr',
    '/sockjs/000/abcd%65fgh/xhr',
    '/sockjs/0.0/abcdefgh/xhr',
    '/sockjs//abcdefgh/xhr',
    '/sockjs/000/abcdefgh/xhr/',
    '/sockjs/000/abcdefgh/XHR',
    '/sockjs/000/abcdefgh/toString',
    '/sockjs/constructor',
    '/sockjs/chunking_test',
    '/sockjs/../info',
  ])('%s is known to nobody', (path) => {
    expect(readSockjsPath(path, '/sockjs')).toEqual({ kind: 'unknown' });
  });

  it.each(['/', '/sock', '/sockjsx', '/sockjsx/info', '/SOCKJS/info', '//sockjs/info'])(
    '%s is not ours',
    (path) => {
      expect(readSockjsPath(path, '/sockjs')).toBeUndefined();
    },
  );
});

it.each([
  ['/ws', 'stomp'],
  ['/socket/ticket', 'stomp'],
  ['/sockjs/websocket', 'stomp'],
  ['/sockjs/000/abcdefgh/websocket', 'sockjs'],
  ['/sockjs/000/abcdefgh/xhr', undefined],
  ['/sockjs', undefined],
  ['/other', undefined],
])('an upgrade of %s speaks %s', (path, protocol) => {
  expect(upgradeEndpoint(path, { path: '/ws', sockjsPath: '/sockjs' })).toBe(protocol);
});

it('may have one path for both, as with Spring', () => {
  const paths = { path: '/chat', sockjsPath: '/chat' };
  expect(upgradeEndpoint('/chat', paths)).toBe('stomp');
  expect(upgradeEndpoint('/chat/websocket', paths)).toBe('stomp');
  expect(upgradeEndpoint('/chat/000/abcdefgh/websocket', paths)).toBe('sockjs');
});
