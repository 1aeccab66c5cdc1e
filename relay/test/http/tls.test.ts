import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:http';
import type { Server } from 'node:https';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deadlines } from '../../src/http/deadlines.js';
import { createTlsServer, type TlsFiles } from '../../src/http/tls.js';
import { Authority, type Certificate } from '../support/certificates.js';
import { waitFor } from '../support/wait.js';

let authority: Authority;
let first: Certificate;
let second: Certificate;
let folder: string;
let files: TlsFiles;
let server: Server | undefined;
let lines: { level: number; msg: string; reason?: string }[];
const sockets: { destroy(): void }[] = [];

beforeAll(async () => {
  authority = await Authority.found();
  [first, second] = await Promise.all([
    authority.issue('first', { names: ['relay.test'] }),
    authority.issue('second', { names: ['relay.test'] }),
  ]);
});
afterAll(() => authority.close());

let tests = 0;
beforeEach(() => {
  lines = [];
  folder = join(authority.folder, String(++tests));
  mkdirSync(folder);
  files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  write(first);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (!server) return;
  server.closeAllConnections();
  server.close();
  server = undefined;
});

function write({ cert, key }: Partial<Certificate>, at = files): void {
  if (cert !== undefined) writeFileSync(at.cert, cert);
  if (key !== undefined) writeFileSync(at.key, key);
}

async function serve(options: ServerOptions = {}): Promise<number> {
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  server = createTlsServer(files, options, (_request, response) => response.end('hello'), log, 20);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A connection that trusts our authority and wants its relay.test. */
async function dial(port: number, options = {}): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'relay.test',
    ca: authority.cert,
    ...options,
  });
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** The name in the certificate that a new client is shown. */
async function shown(port: number): Promise<string> {
  const socket = await dial(port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

const shows = (port: number, name: string) =>
  waitFor(async () => (await shown(port)) === name, { what: `the certificate "${name}"` });
const logged = (text: string) =>
  waitFor(() => lines.find(({ msg }) => msg.includes(text)), { what: `"${text}" in the log` });

describe('a server with a certificate', () => {
  it('serves HTTP over TLS, 1.2 or newer', async () => {
    const port = await serve();
    const socket = await dial(port);
    socket.write('GET / HTTP/1.1\r\nHost: relay.test\r\nConnection: close\r\n\r\n');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 200[\s\S]*hello/);
    await expect(dial(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
    expect((await dial(port, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
  });

  it('survives those who speak plain HTTP or nonsense to it', async () => {
    const port = await serve();
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff\x01garbage', '\0'.repeat(100)]) {
      const socket = connectPlain(port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.resume().end(bytes, 'latin1');
      await once(socket, 'close');
    }
    expect(await shown(port)).toBe('first');
  });

  it.each([
    ['before its handshake', (port: number) => connectPlain(port, '127.0.0.1')],
    ['after it', (port: number) => dial(port)],
  ])('cuts who says nothing %s', async (_name, open) => {
    const socket = await open(await serve(deadlines(300)));
    sockets.push(socket);
    const gone = once(socket, 'close');
    socket.on('error', () => {});
    socket.resume();
    await gone;
  });

  it('says in the log that its certificate is over', async () => {
    write(
      await authority.issue('old', { names: ['relay.test'], notAfter: new Date(Date.now() - 3_600_000) }),
    );
    await serve();
    expect(await logged('has expired')).toMatchObject({ level: 40 });
  });
});

describe('a new certificate', () => {
  it('is one only when the files say something new', async () => {
    const port = await serve();
    for (let i = 0; i < 30; i++) expect(await shown(port)).toBe('first');
    write(first);
    write(second);
    await shows(port, 'second');
    for (let i = 0; i < 30; i++) await shown(port);
    expect(lines.filter(({ level }) => level === 30)).toHaveLength(1);
  });

  it('written into the same files is used for new connections; old ones go on', async () => {
    const port = await serve();
    const old = await dial(port);
    write(second);
    await shows(port, 'second');
    old.write('GET / HTTP/1.1\r\nHost: relay.test\r\n\r\n');
    expect(String((await once(old, 'data'))[0])).toContain('200');
  });

  it('renamed over the old files is used', async () => {
    const port = await serve();
    for (const fresh of [second, first]) {
      const beside = { cert: `${files.cert}.new`, key: `${files.key}.new` };
      write(fresh, beside);
      renameSync(beside.cert, files.cert);
      renameSync(beside.key, files.key);
      await shows(port, fresh === second ? 'second' : 'first');
    }
  });

  it('in another folder, to which links lead that are swapped, is used', async () => {
    // As Kubernetes does: cert.pem → ..data/cert.pem, ..data → a folder with a new name each time.
    const links = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
    const release = (name: string, certificate: Certificate) => {
      const target = join(folder, name);
      mkdirSync(target);
      write(certificate, { cert: join(target, 'tls.crt'), key: join(target, 'tls.key') });
      symlinkSync(name, join(folder, '..data.new'));
      renameSync(join(folder, '..data.new'), join(folder, '..data'));
    };
    release('..one', first);
    symlinkSync('..data/tls.crt', links.cert);
    symlinkSync('..data/tls.key', links.key);
    files = links;
    const port = await serve();
    release('..two', second);
    rmSync(join(folder, '..one'), { recursive: true });
    await shows(port, 'second');
  });

  it.each([
    ['half a certificate', () => ({ cert: second.cert.slice(0, 200) })],
    [
      'a chain cut short',
      () => ({ cert: `${second.cert}\n${authority.cert.slice(0, 200)}`, key: second.key }),
    ],
    ['an empty certificate', () => ({ cert: '' })],
    ['an empty key', () => ({ key: '' })],
    ['half a key', () => ({ key: second.key.slice(0, 100) })],
    ['nonsense', () => ({ cert: 'x', key: 'y' })],
    ['the certificate without its key', () => ({ cert: second.cert })],
    ['the key without its certificate', () => ({ key: second.key })],
  ])('that is %s is logged, and the old one kept until the pair is whole', async (_name, broken) => {
    const port = await serve();
    write(broken());
    expect(await logged('the old one is kept')).toMatchObject({
      level: 50,
      reason: expect.stringMatching(/RELAY_TLS/),
    });
    expect(await shown(port)).toBe('first');
    write(second);
    await shows(port, 'second');
  });

  it('that is taken away is logged, and the old one kept until there is another', async () => {
    const port = await serve();
    rmSync(files.cert);
    expect((await logged('the old one is kept')).reason).toContain('cannot be read');
    expect(await shown(port)).toBe('first');
    write(second);
    await shows(port, 'second');
  });

  it('never gets its key into the log', async () => {
    const port = await serve();
    write({ cert: 'x', key: second.key });
    await logged('the old one is kept');
    write(second);
    await shows(port, 'second');
    const [, middle = ''] = second.key.split('\n');
    expect(middle.length).toBeGreaterThan(20);
    expect(JSON.stringify(lines)).not.toContain(middle);
  });
});

describe('at the start', () => {
  const start = () => createTlsServer(files, {}, () => {}, pino({ level: 'silent' }));

  it.each(['cert', 'key'] as const)('a %s that is not there is an error that names the variable', (kind) => {
    rmSync(files[kind]);
    expect(start).toThrow(`RELAY_TLS_${kind.toUpperCase()} cannot be read: `);
  });

  it.each([
    ['not that of the certificate', () => ({ key: second.key })],
    ['RELAY_TLS_CERT', () => ({ cert: '' })],
    ['RELAY_TLS_CERT', () => ({ cert: `${first.cert}\n${authority.cert.slice(0, 200)}` })],
    ['passphrase', () => ({ key: readFileSync(files.cert, 'utf8') })],
  ])('a pair that does not fit is an error: %s', (said, broken) => {
    write(broken());
    expect(start).toThrow(said);
  });
});
