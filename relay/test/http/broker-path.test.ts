import { describe, expect, it } from 'vitest';
import { managementPath, redirectPath } from '../../src/http/broker-path.js';

describe('what the management is asked for', () => {
  it.each([
    ['/', '/', '/'],
    ['/api/queues/%2F/a%2Fb', '/', '/api/queues/%2F/a%2Fb'],
    ['/api/queues?page=1&name=a%20b', '/', '/api/queues?page=1&name=a+b'],
    ['/api/overview', '/rabbit/', '/rabbit/api/overview'],
    ['/api/overview', '/rabbit', '/rabbit/api/overview'],
    ['/api/definitions?download=x.json&auth=cmVsYXk', '/', '/api/definitions?download=x.json'],
    ['/?access_token=a&token=b&ticket=c', '/', '/'],
    ['/api/queues/%2F/a..b.', '/', '/api/queues/%2F/a..b.'],
    ['/api/queues/%2F/.a', '/', '/api/queues/%2F/.a'],
  ])('%s below %s is %s', (url, base, path) => {
    expect(managementPath(url, base)).toBe(path);
  });

  it.each([
    '',
    'api',
    'http://elsewhere/api',
    '//elsewhere/api',
    '/api//x',
    '/..',
    '/../other',
    '/api/../../other',
    '/api/.',
    '/%2e%2e/other',
    '/.%2E/other',
    '/api/%2F..%2F..%2Fother',
    '/api/..%2Fother',
    '/api/..%5Cother',
    '/api\\..\\other',
    '/api/%',
    '/api/%zz',
    '/api/%c0%ae%c0%ae/x',
  ])('is never %j', (url) => {
    expect(() => managementPath(url, '/rabbit/')).toThrow(/path/);
  });
});

describe('a redirect of the management', () => {
  const target = new URL('http://broker.internal:15672/rabbit/');

  it.each([
    ['/rabbit/cli/index.html', '/broker/cli/index.html'],
    ['http://broker.internal:15672/rabbit/?a=b#/queues', '/broker/?a=b#/queues'],
    ['cli/', '/broker/cli/'],
  ])('to %s leads to %s', (location, path) => {
    expect(redirectPath(location, target, '/rabbit/')).toBe(path);
  });

  it.each([
    '/other/',
    'http://elsewhere/rabbit/',
    '//elsewhere/rabbit/',
    'javascript:x',
    '/rabbit/../other',
    'http://',
  ])('to %s leads nowhere', (location) => {
    expect(redirectPath(location, target, '/rabbit/')).toBeUndefined();
  });
});
