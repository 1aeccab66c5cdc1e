import { describe, expect, it } from 'vitest';
import {
  ticketFromPath,
  tokenFromConnect,
  tokenFromUpgrade,
  type UpgradeRequest,
} from '../../src/auth/sources.js';

function upgrade(headers: UpgradeRequest['headers'], url = '/ws', cookiesAllowed = true) {
  return tokenFromUpgrade({ headers, url }, { cookiesAllowed });
}

describe('a ticket', () => {
  it.each([
    ['/ws?ticket=one', 'one'],
    ['/ws?x=1&ticket=&ticket=one', 'one'],
  ])('is found in %s, where tickets count', (url, token) => {
    const rules = { cookiesAllowed: true, ticketsAllowed: true };
    expect(tokenFromUpgrade({ headers: {}, url }, rules)).toEqual({ token, source: 'ticket' });
    expect(upgrade({}, url)).toBeUndefined();
  });

  it('comes after every token but the cookie', () => {
    const rules = { cookiesAllowed: true, ticketsAllowed: true };
    const headers = { cookie: 'relay_token=five' };
    const find = (url: string) => tokenFromUpgrade({ headers, url }, rules)?.source;
    expect([find('/ws?ticket=one&token=two'), find('/ws?ticket=one'), find('/ws')]).toEqual([
      'token',
      'ticket',
      'cookie',
    ]);
  });

  it.each([
    ['/socket/one', 'one'],
    ['/socket/one/two', 'one/two'],
    ['/socket/', ''],
  ])('is what follows in the path %s', (path, token) => {
    expect(ticketFromPath(path)).toEqual({ token, source: 'ticket' });
  });

  it.each(['/socket', '/sockets/one', '/x/socket/one', '/Socket/one', ''])(
    'is not in the path %s',
    (path) => {
      expect(ticketFromPath(path)).toBeUndefined();
    },
  );
});

describe('the token of an upgrade', () => {
  it.each<[string, UpgradeRequest['headers'], string, string]>([
    ['authorization', { authorization: 'Bearer a.b.c' }, '/ws', 'a.b.c'],
    ['authorization', { authorization: 'bearer   a.b.c ' }, '/ws', 'a.b.c'],
    ['sub-protocol', { 'sec-websocket-protocol': 'v12.stomp, bearer.a.b.c' }, '/ws', 'a.b.c'],
    ['sub-protocol', { 'sec-websocket-protocol': 'bearer.a.b.c,v12.stomp' }, '/ws', 'a.b.c'],
    ['access_token', {}, '/ws?x=1&access_token=a.b.c', 'a.b.c'],
    ['access_token', {}, '/ws?access_token=&access_token=a%2Eb.c', 'a.b.c'],
    ['token', {}, '/ws?token=a.b.c', 'a.b.c'],
    ['cookie', { cookie: 'x=1; relay_token=a.b.c; y=2' }, '/ws', 'a.b.c'],
    ['cookie', { cookie: 'relay_token="a.b.c"' }, '/ws', 'a.b.c'],
  ])('from %s: %j %s', (source, headers, url, token) => {
    expect(upgrade(headers, url)).toEqual({ token, source });
  });

  it('the first source that is not empty counts', () => {
    const headers = {
      authorization: 'Bearer one',
      'sec-websocket-protocol': 'bearer.two',
      cookie: 'relay_token=five',
    };
    const url = '/ws?token=four&access_token=three';
    expect(upgrade(headers, url)?.token).toBe('one');
    expect(upgrade({ ...headers, authorization: 'Bearer ' }, url)?.token).toBe('two');
    const rest = { cookie: headers.cookie, 'sec-websocket-protocol': 'v12.stomp, bearer.' };
    expect(upgrade(rest, url)?.token).toBe('three');
    expect(upgrade(rest, '/ws?access_token=&token=four')?.token).toBe('four');
    expect(upgrade(rest, '/ws?access_token=&token=')?.token).toBe('five');
  });

  it.each<[string, UpgradeRequest['headers'], string]>([
    ['nothing', {}, '/ws'],
    ['another scheme', { authorization: 'Basic Z3Vlc3Q6Z3Vlc3Q=' }, '/ws'],
    ['the scheme alone', { authorization: 'Bearer' }, '/ws'],
    ['STOMP sub-protocols', { 'sec-websocket-protocol': 'v12.stomp, v11.stomp' }, '/ws'],
    ['another parameter', {}, '/ws?my_token=a.b.c'],
    ['a path', {}, '/token=a.b.c'],
    ['a ticket', {}, '/ws?ticket=abc'],
    ['another cookie', { cookie: 'my_relay_token=a.b.c; relay_token; relay_token=' }, '/ws'],
  ])('is not found in %s', (_, headers, url) => {
    expect(upgrade(headers, url)).toBeUndefined();
  });

  it('is not read from a cookie where the Origin may not use one', () => {
    expect(upgrade({ cookie: 'relay_token=a.b.c' }, '/ws', false)).toBeUndefined();
  });
});

describe('the token of CONNECT', () => {
  it.each([
    ['authorization', ['Authorization', 'Bearer a.b.c']],
    ['authorization', ['authorization', 'a.b.c']],
    ['authorization', ['AUTHORIZATION', 'BEARER a.b.c']],
    ['x-authorization', ['X-Authorization', 'Bearer a.b.c']],
    ['x-auth-token', ['x-auth-token', 'a.b.c']],
    ['passcode', ['login', 'alice', 'passcode', 'a.b.c']],
    ['passcode', ['login', '', 'passcode', 'Bearer a.b.c']],
  ])('from %s: %j', (source, headers) => {
    expect(tokenFromConnect(headers)).toEqual({ token: 'a.b.c', source });
  });

  it('the first source that is not empty counts, however the frame orders them', () => {
    const all = [
      'passcode',
      'four',
      'X-Auth-Token',
      'three',
      'X-Authorization',
      'two',
      'Authorization',
      'one',
    ];
    expect(tokenFromConnect(all)?.token).toBe('one');
    expect(tokenFromConnect([...all.slice(0, 6), 'Authorization', 'Bearer '])?.token).toBe('two');
    expect(tokenFromConnect([...all.slice(0, 4), 'X-Authorization', ' '])?.token).toBe('three');
    expect(tokenFromConnect(all.slice(0, 2))?.token).toBe('four');
    expect(tokenFromConnect(['Authorization', ' ', 'authorization', 'one'])?.token).toBe('one');
  });

  it('of a repeated header the first counts (STOMP 1.2, Repeated Header Entries)', () => {
    expect(tokenFromConnect(['Authorization', 'one', 'Authorization', 'two'])?.token).toBe('one');
  });

  it("an old client's guest/guest counts only when nothing else was given", () => {
    const guest = ['login', 'guest', 'passcode', 'guest'];
    expect(tokenFromConnect([...guest, 'X-Auth-Token', 'a.b.c'])?.token).toBe('a.b.c');
    expect(tokenFromConnect(guest)).toEqual({ token: 'guest', source: 'passcode' });
  });

  it('Basic credentials do not stand in the way of a token', () => {
    const headers = ['Authorization', 'Basic Z3Vlc3Q6Z3Vlc3Q=', 'passcode', 'a.b.c'];
    expect(tokenFromConnect(headers)?.source).toBe('passcode');
  });

  it.each([
    [[]],
    [['login', 'a.b.c']],
    [['passcode', '']],
    [['Authorization', 'Bearer']],
    // A header whose value has the name of another.
    [['host', 'passcode', 'accept-version', '1.2']],
  ])('is not found in %j', (headers) => {
    expect(tokenFromConnect(headers)).toBeUndefined();
  });
});
