import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBrokerTls, tlsFault } from '../../src/broker/tls.js';
import { Authority, type Certificate } from '../support/certificates.js';

let authority: Authority;
let one: Certificate;
let other: Certificate;
beforeAll(async () => {
  authority = await Authority.found();
  [one, other] = await Promise.all([authority.issue('one'), authority.issue('other')]);
});
afterAll(() => authority.close());

const none = { RABBITMQ_CA: undefined, RABBITMQ_CERT: undefined, RABBITMQ_KEY: undefined };

describe('the files for TLS with the broker', () => {
  it('may all be missing: the system’s authorities count, and verification is on', () => {
    expect(readBrokerTls(none).rejectUnauthorized).toBe(true);
  });

  it('are read when they are there', () => {
    const files = {
      RABBITMQ_CA: authority.write('ca.pem', `${authority.cert}\n${authority.cert}`),
      RABBITMQ_CERT: authority.write('one.pem', one.cert),
      RABBITMQ_KEY: authority.write('one.key', one.key),
    };
    expect(readBrokerTls(files).rejectUnauthorized).toBe(true);
  });

  it.each(['RABBITMQ_CA', 'RABBITMQ_CERT', 'RABBITMQ_KEY'] as const)('%s must be there', (variable) => {
    const file = '/no/such/file.pem';
    expect(() => readBrokerTls({ ...none, [variable]: file })).toThrow(
      new RegExp(`^${variable} cannot be read: .*${file}`),
    );
  });

  it.each([
    ['empty', () => '\n'],
    ['a private key', () => one.key],
    ['a certificate cut short', () => authority.cert.slice(0, 200)],
    [
      'a good certificate and a damaged one',
      () => authority.cert + authority.cert.replace(/\n[^\n]{20}/, '\n'),
    ],
  ])('RABBITMQ_CA must not be %s: TLS would take it for "nobody"', (_name, content) => {
    const file = authority.write('bad.pem', content());
    expect(() => readBrokerTls({ ...none, RABBITMQ_CA: file })).toThrow(/^RABBITMQ_CA /);
  });

  it.each([
    ['belong together', () => one.cert, () => other.key],
    ['not be empty', () => '', () => one.key],
    ['be PEM', () => 'x', () => 'y'],
  ])('certificate and key must %s', (_name, cert, key) => {
    const files = {
      RABBITMQ_CERT: authority.write('bad.pem', cert()),
      RABBITMQ_KEY: authority.write('bad.key', key()),
    };
    expect(() => readBrokerTls({ ...none, ...files })).toThrow(/RABBITMQ_CERT/);
  });
});

describe('what went wrong', () => {
  const fault = (code: string, message = 'a detail') => tlsFault(Object.assign(new Error(message), { code }));

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', ''])('is not TLS: %s', (code) => {
    expect(fault(code, 'alert unknown ca')).toBeUndefined();
  });

  it.each(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])('is time: %s', (code) => {
    expect(fault(code)).toEqual({
      permanent: true,
      message: expect.stringContaining('not valid at this time'),
    });
  });

  it('may pass, when nobody knows better', () => {
    expect(fault('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'tlsv1 alert internal error')).toEqual({
      permanent: false,
      message: expect.stringContaining('internal error'),
    });
  });
});
