import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import type { HandshakeRefused } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let authority: Authority;
let files: { RELAY_TLS_CERT: string; RELAY_TLS_KEY: string };
let relay: TestRelay;

beforeAll(async () => {
  authority = await Authority.found();
  const { cert, key } = await authority.issue('relay', { addresses: ['127.0.0.1'] });
  files = {
    RELAY_TLS_CERT: authority.write('cert.pem', cert),
    RELAY_TLS_KEY: authority.write('key.pem', key),
  };
  relay = await startRelay(files);
});
afterAll(async () => {
  await relay?.close();
  authority?.close();
});

const trusting = (headers = {}) => ({ socket: { ca: authority.cert, headers } });

describe('a relay with a certificate of its own', () => {
  it('says https, carries messages, and tells its clients when it leaves', async () => {
    const leaving = await startRelay(files);
    expect(leaving.url).toMatch(/^https:/);
    const topic = `/topic/${unique('tls')}`;
    const client = await leaving.connected('alice', trusting());
    await client.subscribed('s', topic);
    const large = 'x'.repeat(500_000);
    client.send('SEND', { destination: topic }, large);
    await client.message(large);
    await leaving.leave();
    expect(await client.over()).toMatchObject({ code: 1001 });
  });

  it('has browsers insist on it', async () => {
    const [response] = await once(get(`${relay.url}/healthz`, { ca: authority.cert }), 'response');
    response.resume();
    expect(response.statusCode).toBe(200);
    expect(response.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('takes pages of its own https address for its own', async () => {
    await relay.raw('alice', trusting({ origin: relay.url }));
    const foreign = relay.raw('alice', trusting({ origin: 'https://evil.example' }));
    await expect(foreign).rejects.toMatchObject({ status: 403 } satisfies Partial<HandshakeRefused>);
  });

  it('shows a new one without a restart, and clients stay', async () => {
    const client = await relay.connected('alice', trusting());
    const renewed = await authority.issue('renewed', { addresses: ['127.0.0.1'] });
    authority.write('cert.pem', renewed.cert);
    authority.write('key.pem', renewed.key);
    const shown = async () => {
      const socket = connect({
        port: Number(new URL(relay.url).port),
        host: '127.0.0.1',
        ca: authority.cert,
      });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return subject.CN;
    };
    await waitFor(async () => (await shown()) === 'renewed', { what: 'the new certificate' });
    await client.subscribed('s', '/user/topic/reply');
  });

  it.each([
    ['RELAY_TLS_CERT', 'RELAY_TLS_CERT cannot be read'],
    ['RELAY_TLS_KEY', 'RELAY_TLS_KEY cannot be read'],
    ['RELAY_TRUSTED_PROXIES', 'RELAY_TRUSTED_PROXIES: "/no/such"'],
  ])('does not start with a wrong %s', async (variable, message) => {
    await expect(startRelay({ ...files, [variable]: '/no/such' })).rejects.toThrow(message);
  });
});
