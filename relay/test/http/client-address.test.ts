import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type ClientOrigin, createClientOrigin } from '../../src/http/client-address.js';

/** What a request with these header lines is, that comes over a real connection from 127.0.0.1 or ::1. */
async function seen(
  trusted: readonly string[],
  lines: readonly string[],
  { from = '127.0.0.1', ignored }: { from?: string; ignored?: string[] } = {},
): Promise<ClientOrigin> {
  const clientOrigin = createClientOrigin(trusted, (peer) => ignored?.push(peer));
  return withRequest(lines, from, clientOrigin);
}

async function withRequest<T>(
  lines: readonly string[],
  from: string,
  look: (request: IncomingMessage) => T,
): Promise<T> {
  const server = createServer();
  server.listen(0, from === '::1' ? '::' : from);
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, from);
  client.on('error', () => {});
  client.write(['GET / HTTP/1.1', ...lines, '', ''].join('\r\n'));
  try {
    const [request] = (await once(server, 'request')) as [IncomingMessage];
    return look(request);
  } finally {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
}

const forwarded = async (chain: string, trusted = ['loopback', '10.0.0.0/8', '2001:db8:1::/48']) =>
  (await seen(trusted, ['Host: x', `X-Forwarded-For: ${chain}`])).address;

describe('without a trusted proxy', () => {
  const LINES = [
    'Host: relay.example:8080',
    'X-Forwarded-For: 192.0.2.7',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: other.example',
    'Forwarded: for=192.0.2.8;proto=https;host=third.example',
  ];
  const OWN = { address: '127.0.0.1', secure: false, host: 'relay.example:8080' };

  it.each([[[]], [['192.0.2.1', '10.0.0.0/8', 'uniquelocal', 'linklocal']]])(
    'nothing but the connection counts: %j',
    async (trusted) => {
      expect(await seen(trusted, LINES)).toEqual(OWN);
    },
  );

  it('tells once, and only of those who forward, that they are not trusted', async () => {
    const ignored: string[] = [];
    const clientOrigin = createClientOrigin([], (peer) => ignored.push(peer));
    await withRequest(['Host: x'], '127.0.0.1', clientOrigin);
    expect(ignored).toEqual([]);
    for (let i = 0; i < 3; i++) await withRequest(LINES, '127.0.0.1', clientOrigin);
    expect(ignored).toEqual(['127.0.0.1']);
  });

  it('says nothing of one that is trusted', async () => {
    const ignored: string[] = [];
    await seen(['loopback'], LINES, { ignored });
    expect(ignored).toEqual([]);
  });

  it('a connection that is gone has no address', async () => {
    const origin = await withRequest(['Host: x'], '127.0.0.1', (request) => {
      request.socket.destroy();
      return createClientOrigin(['loopback'])(request);
    });
    expect(origin.address).toMatch(/^(unknown|127\.0\.0\.1)$/);
  });
});

describe('the address behind a trusted proxy', () => {
  it.each([
    ['of the only client', '192.0.2.7', '192.0.2.7'],
    ['left of the proxies', '192.0.2.7, 10.1.2.3, 10.4.5.6', '192.0.2.7'],
    ['not what that client claims', '198.51.100.1, 127.0.0.1, 10.0.0.1, 192.0.2.7', '192.0.2.7'],
    [
      'not what that client claims, behind two proxies',
      '198.51.100.1,10.0.0.1, 192.0.2.7 ,10.0.0.2',
      '192.0.2.7',
    ],
    ['the first when all are proxies', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['IPv6', '2001:DB8:0:0:0::7', '2001:db8::7'],
    ['IPv6, left of an IPv6 proxy', '2001:db8::7, 2001:db8:1::9', '2001:db8::7'],
    ['IPv4 in IPv6', '::ffff:192.0.2.7', '192.0.2.7'],
    ['IPv4 in IPv6, in hexadecimal', '::ffff:c000:207', '192.0.2.7'],
    ['a proxy written as IPv4 in IPv6', '192.0.2.7, ::ffff:10.0.0.2', '192.0.2.7'],
    ['with a port', '192.0.2.7:4711', '192.0.2.7'],
    ['IPv6 with a port', '[2001:db8::7]:4711', '2001:db8::7'],
    ['IPv6 in brackets', '[2001:db8::7]', '2001:db8::7'],
    ['with a zone', 'fe80::7%eth0', 'fe80::7'],
  ])('is %s', async (_name, chain, address) => {
    expect(await forwarded(chain)).toBe(address);
  });

  it.each([
    ['nothing', ''],
    ['commas', ',,, ,,'],
    ['a word', 'unknown'],
    ['a hidden name (RFC 7239)', '_hidden'],
    ['what looks like an address', '192.0.2.256'],
    ['too few numbers', '192.0.2'],
    ['one number', '3221225991'],
    ['hexadecimal', '0xc0000207'],
    ['leading zeros', '192.000.002.007'],
    ['an address and more', '192.0.2.7 198.51.100.1'],
    ['a quoted address', '"192.0.2.7"'],
    ['a bracket that never closes', '[2001:db8::7'],
    ['IPv6 with a port and no brackets', '2001:db8::7::4711'],
    ['a host', 'evil.example'],
    ['a mark-up', '<script>'],
  ])('is the proxy itself when it says %s', async (_name, chain) => {
    expect(await forwarded(chain)).toBe('127.0.0.1');
  });

  it.each([
    ['a forged address', '192.0.2.7, , 10.0.0.2'],
    ['a forged address, twice', '192.0.2.7, unknown, 10.0.0.2'],
  ])('is never %s beyond what is no address', async (_name, chain) => {
    expect(await forwarded(chain)).toBe('10.0.0.2');
  });

  it('is never an address of the client’s own making that only spells a proxy’s', async () => {
    // Some parsers take these for 127.0.0.1, and would go on to what is left of them.
    for (const loopback of ['127.1', '2130706433', '0x7f.1', '017700000001', '127.0.0.1.']) {
      expect(await forwarded(`192.0.2.7, ${loopback}`)).toBe('127.0.0.1');
    }
  });

  it.each([
    ['a long forged list', `${'127.0.0.1,'.repeat(1000)}192.0.2.7`, '192.0.2.7'],
    ['10,000 commas', `${','.repeat(10_000)}192.0.2.7`, '192.0.2.7'],
    ['10,000 commas at the end', `192.0.2.7${','.repeat(10_000)}`, '127.0.0.1'],
    ['10 kB of one word', 'x'.repeat(10_000), '127.0.0.1'],
    ['10 kB of digits', '1'.repeat(10_000), '127.0.0.1'],
    ['10 kB of colons', ':'.repeat(10_000), '127.0.0.1'],
  ])('survives %s', async (_name, chain, address) => {
    expect(await forwarded(chain)).toBe(address);
  });

  it('takes the last of several headers, whoever sent the first', async () => {
    const lines = ['Host: x', 'X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 192.0.2.7'];
    expect((await seen(['loopback'], lines)).address).toBe('192.0.2.7');
  });

  it('knows a proxy that comes over IPv6 or over IPv4 in IPv6', async () => {
    const lines = ['Host: x', 'X-Forwarded-For: 192.0.2.7'];
    expect((await seen(['loopback'], lines, { from: '::1' })).address).toBe('192.0.2.7');
    const mapped = {
      socket: { remoteAddress: '::ffff:127.0.0.1' },
      headers: { 'x-forwarded-for': '192.0.2.7' },
    };
    const request = mapped as unknown as IncomingMessage;
    expect(createClientOrigin(['127.0.0.1'])(request).address).toBe('192.0.2.7');
    expect(createClientOrigin([])(request).address).toBe('127.0.0.1');
  });
});

describe('scheme and host behind a trusted proxy', () => {
  const said = (...lines: string[]) => seen(['loopback'], ['Host: upstream:8080', ...lines]);

  it.each([
    ['https', true],
    ['HTTPS', true],
    ['wss', true],
    ['http, https', true],
    ['http', false],
    ['https, http', false],
    ['httpsx', false],
    ['https http', false],
  ])('X-Forwarded-Proto: %s', async (value, secure) => {
    expect((await said(`X-Forwarded-Proto: ${value}`)).secure).toBe(secure);
  });

  it.each([
    ['relay.example', 'relay.example'],
    ['relay.example:8443', 'relay.example:8443'],
    ['[2001:db8::7]:8443', '[2001:db8::7]:8443'],
    ['forged.example, relay.example', 'relay.example'],
    ['', 'upstream:8080'],
    ['relay.example/path', 'upstream:8080'],
    ['user@relay.example', 'upstream:8080'],
    ['relay.example:port', 'upstream:8080'],
    ['relay.example#', 'upstream:8080'],
    ['a b', 'upstream:8080'],
    [`${'x'.repeat(10_000)}/`, 'upstream:8080'],
  ])('X-Forwarded-Host: %s', async (value, host) => {
    expect((await said(`X-Forwarded-Host: ${value}`)).host).toBe(host);
  });

  it('a Host that cannot be one is none', async () => {
    expect((await seen([], ['Host: relay.example/path'])).host).toBeUndefined();
  });
});

describe('RELAY_TRUSTED_PROXIES', () => {
  it.each([
    '192.0.2.7',
    '10.0.0.0/8',
    '10.0.0.0/255.0.0.0',
    '2001:db8::/32',
    '::1',
    'loopback',
    'linklocal',
    'uniquelocal',
  ])('may be %s', (entry) => {
    expect(() => createClientOrigin([entry])).not.toThrow();
  });

  it.each([
    'nginx',
    '10/8',
    '127.1',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.255.0',
    '2001:db8::/129',
    'all',
    '*',
    'true',
    '1',
    'Loopback',
    'toString',
  ])('may not be %s, and the error says which entry it is', (entry) => {
    expect(() => createClientOrigin(['loopback', entry])).toThrow(`RELAY_TRUSTED_PROXIES: "${entry}"`);
  });
});
