import { describe, expect, it } from 'vitest';
import {
  checkOrigin,
  chooseSubprotocol,
  mayUseCookies,
  type OriginVerdict,
  redactUrl,
  validateOrigins,
} from '../src/handshake.js';

const host = 'relay.example.com';

describe('Origin without an allow-list', () => {
  it('is not needed: programs send none', () => {
    expect(checkOrigin({ host }, undefined)).toBe('absent');
  });

  it.each<[OriginVerdict, string, string]>([
    ['same', 'https://relay.example.com', 'relay.example.com'],
    ['same', 'http://relay.example.com', 'relay.example.com'],
    ['same', 'https://RELAY.example.com', 'Relay.Example.com'],
    ['same', 'https://relay.example.com', 'relay.example.com:443'],
    ['same', 'http://relay.example.com:80', 'relay.example.com'],
    ['same', 'http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['same', 'http://[::1]:8080', '[::1]:8080'],
    ['refused', 'https://relay.example.com', 'relay.example.com:8443'],
    ['refused', 'http://127.0.0.1:8080', '127.0.0.1:8081'],
    ['refused', 'http://localhost:8080', '127.0.0.1:8080'],
    ['refused', 'https://relay.example.com.evil.example', 'relay.example.com'],
    ['refused', 'https://evil.example', 'relay.example.com'],
    ['refused', 'https://relay.example.com@evil.example', 'relay.example.com'],
    ['refused', 'https://evil.example/relay.example.com', 'relay.example.com'],
    ['refused', 'https://relay.example.com, https://evil.example', 'relay.example.com'],
    ['refused', 'null', 'relay.example.com'],
    ['refused', 'null', 'null'],
    ['refused', '', 'relay.example.com'],
    ['refused', 'relay.example.com', 'relay.example.com'],
    ['refused', 'chrome-extension://relay.example.com', 'relay.example.com'],
    ['refused', 'https://relay.example.com', ''],
  ])('%s: %s at %s', (verdict, origin, at) => {
    expect(checkOrigin({ origin, host: at }, undefined)).toBe(verdict);
  });

  it('is refused when no Host says where we are', () => {
    expect(checkOrigin({ origin: 'https://relay.example.com' }, undefined)).toBe('refused');
  });
});

describe('Origin with an allow-list', () => {
  const allowed = [
    'https://app.example.com',
    'https://*.example.org',
    'http://localhost:3000',
    'capacitor://app',
  ];

  it.each<[OriginVerdict, string]>([
    ['listed', 'https://app.example.com'],
    ['listed', 'https://app.example.com:443'],
    ['listed', 'https://APP.example.com'],
    ['listed', 'https://a.example.org'],
    ['listed', 'https://a.b.example.org'],
    ['listed', 'http://localhost:3000'],
    ['listed', 'capacitor://app'],
    ['same', 'https://relay.example.com'],
    ['refused', 'http://app.example.com'],
    ['refused', 'http://app.example.com:443'],
    ['refused', 'https://app.example.com:8443'],
    ['refused', 'https://app.example.com.'],
    ['refused', 'https://example.org'],
    ['refused', 'https://evilexample.org'],
    ['refused', 'https://evil.example/.example.org'],
    ['refused', 'https://evil.example?.example.org'],
    ['refused', 'https://evil.example\\.example.org'],
    ['refused', 'http://a.example.org'],
    ['refused', 'https://a.example.org:8443'],
    ['refused', 'https://a.example.org.evil.example'],
    ['refused', 'http://localhost'],
    ['refused', 'capacitor://other'],
    ['refused', 'https://*.example.org'],
    ['refused', 'null'],
  ])('%s: %s', (verdict, origin) => {
    expect(checkOrigin({ origin, host }, allowed)).toBe(verdict);
  });

  it.each<[OriginVerdict, string]>([
    ['any', 'https://evil.example'],
    ['any', 'null'],
    ['listed', 'https://app.example.com'],
    ['same', 'https://relay.example.com'],
    ['refused', 'garbage'],
  ])('with * beside: %s: %s', (verdict, origin) => {
    expect(checkOrigin({ origin, host }, ['*', 'https://app.example.com'])).toBe(verdict);
  });

  it('null can be let in by name, but is nobody in particular', () => {
    expect(checkOrigin({ origin: 'null', host }, ['null'])).toBe('any');
  });

  it('cookies are for pages we know', () => {
    const verdicts: OriginVerdict[] = ['absent', 'same', 'listed', 'any', 'refused'];
    expect(verdicts.filter(mayUseCookies)).toEqual(['same', 'listed']);
  });

  it('an entry that could never match is a mistake', () => {
    expect(() => validateOrigins([...allowed, '*', 'null', 'https://*.example.com:8443'])).not.toThrow();
    for (const entry of [
      'app.example.com',
      '*.example.com',
      'https://app.example.com/',
      'https://app.example.com/path',
      'https://*',
      'https://*.*.example.com',
      'https://a*.example.com',
      'https://a.*.example.com',
      'https://app.example.com:99999',
      '',
    ]) {
      expect(() => validateOrigins([entry]), entry).toThrow('RELAY_ALLOWED_ORIGINS');
    }
  });
});

describe('sub-protocol', () => {
  it.each([
    [['v10.stomp', 'v11.stomp', 'v12.stomp'], 'v12.stomp'],
    [['v10.stomp', 'v11.stomp'], 'v11.stomp'],
    [['v10.stomp', 'mqtt'], 'v10.stomp'],
    [['bearer.a.b.c', 'v11.stomp'], 'v11.stomp'],
    [['bearer.a.b.c'], undefined],
    [['V12.STOMP', 'v13.stomp'], undefined],
    [[], undefined],
  ])('of %j is %s', (offered, chosen) => {
    expect(chooseSubprotocol(new Set(offered))).toBe(chosen);
  });
});

describe('a URL in the log', () => {
  it.each([
    ['/ws', '/ws'],
    ['/ws?room=7&x=', '/ws?room=7&x='],
    ['/ws?access_token=abc', '/ws?access_token=[redacted]'],
    ['/ws?a=1&token=abc;def&b=2', '/ws?a=1&token=[redacted]&b=2'],
    ['/ws?ticket=abc&ticket=def', '/ws?ticket=[redacted]&ticket=[redacted]'],
    ['/ws?Access%5fToken=abc=def', '/ws?Access%5fToken=[redacted]'],
    ['/ws?%zz=1&token=abc', '/ws?%zz=1&token=[redacted]'],
    // A parser of queries drops the second question mark, and so does whoever reads the token.
    ['/ws??token=abc&&ticket=def', '/ws??token=[redacted]&&ticket=[redacted]'],
    ['/ws?mytoken=abc', '/ws?mytoken=abc'],
    ['/socket/abc.def', '/socket/[redacted]'],
    ['/socket/abc/xyz?x=1', '/socket/[redacted]/xyz?x=1'],
    ['/relay/socket/abc?token=def', '/relay/socket/[redacted]?token=[redacted]'],
    ['/socket', '/socket'],
    ['/sockjs/123/abcdefgh/xhr_send', '/sockjs/123/[redacted]/xhr_send'],
    ['/sockjs/123/abcdefgh/jsonp?c=a&token=def', '/sockjs/123/[redacted]/jsonp?c=a&token=[redacted]'],
    ['/a/b/sockjs/123/abcdefgh/websocket', '/a/b/sockjs/123/[redacted]/websocket'],
    ['/sockjs/info', '/sockjs/info'],
    ['/eyJhbGciOiJ9.eyJzdWIi.c2ln/x', '/[redacted]/x'],
    ['/ws?jwt=eyJhbGciOiJ9.eyJzdWIi.c2ln', '/ws?jwt=[redacted]'],
    ['/ws?a=1?token=eyJhbGciOiJ9.eyJzdWIi.', '/ws?a=1?token=[redacted]'],
    ['/x-eyJhbGciOiJ9.eyJzdWIi.c2ln', '/x-[redacted]'],
    ['/eyJ.eyJ..eyJhbGciOiJ9.eyJzdWIi', '/eyJ.eyJ..[redacted]'],
    ['/eyJ', '/eyJ'],
    ['/eyJa.', '/eyJa.'],
    ['/eyJa..b', '/eyJa..b'],
  ])('%s is %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it('takes time in proportion to its length, whatever it is', () => {
    // A thousand times as long as an address may be: minutes, if the time grew with the square of it.
    expect(redactUrl(`/ws?${'eyJ-'.repeat(4_000_000)}`)).toHaveLength(16_000_004);
    expect(redactUrl('/a-'.repeat(1_000_000))).toHaveLength(3_000_000);
    expect(redactUrl(`/${'a'.repeat(4_000_000)}`)).toHaveLength(4_000_001);
  });
});
