import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Options of every TLS connection to the broker, as `tls.connect()` takes them. */
export interface BrokerTls {
  /** One for all connections: each of its own would hold its own copy of the certificates. */
  readonly secureContext: SecureContext;
  /** Said aloud, because without it NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would have us talk to anybody. */
  readonly rejectUnauthorized: true;
}

/** Names of PEM files; undefined = the system's authorities, no client certificate. */
export interface BrokerTlsFiles {
  readonly RABBITMQ_CA: string | undefined;
  readonly RABBITMQ_CERT: string | undefined;
  readonly RABBITMQ_KEY: string | undefined;
}

/**
 * Reads what connections to an `amqps:` or `wss:` broker go by. The files are read once, at the start.
 * @throws Error naming the variable whose file cannot be used.
 */
export function readBrokerTls(files: BrokerTlsFiles): BrokerTls {
  const ca = files.RABBITMQ_CA === undefined ? undefined : authorities(files.RABBITMQ_CA);
  const cert = read('RABBITMQ_CERT', files.RABBITMQ_CERT);
  const key = read('RABBITMQ_KEY', files.RABBITMQ_KEY);
  try {
    const secureContext = createSecureContext({
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    });
    return { secureContext, rejectUnauthorized: true };
  } catch (error) {
    throw new Error(
      `RABBITMQ_CERT and RABBITMQ_KEY cannot be used: ${(error as Error).message}; they take a PEM certificate and ` +
        'its private key without a passphrase',
    );
  }
}

/** Checked one by one: TLS itself takes a file without any certificate as "trust nobody" and says nothing. */
function authorities(file: string): string[] {
  const found = read('RABBITMQ_CA', file)?.match(CERTIFICATE) ?? [];
  try {
    if (found.length === 0) throw new Error('it holds none');
    for (const pem of found) new X509Certificate(pem);
  } catch (error) {
    throw new Error(`RABBITMQ_CA takes a file with PEM certificates: ${(error as Error).message}`);
  }
  return found;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function read(variable: keyof BrokerTlsFiles, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${variable} cannot be read: ${(error as Error).message}`);
  }
  if (text.trim() === '') throw new Error(`${variable} names a file that is empty: ${file}`);
  return text;
}

export interface TlsFault {
  /** What went wrong, in words that say what to do. */
  readonly message: string;
  /** Nothing changes by trying again. */
  readonly permanent: boolean;
}

/** Says of a failed connection what is wrong with TLS; undefined when that is not why it failed. */
export function tlsFault(error: Error): TlsFault | undefined {
  // AMQP's own errors carry its reply code, a number.
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return undefined;
  if (UNTRUSTED.has(code)) {
    return permanent(
      `the broker's certificate is not trusted (${error.message}); ` +
        'set RABBITMQ_CA to a PEM file with the authority that signed it',
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return permanent(
      `the broker's certificate is for another host (${error.message}); ` +
        'name the broker in RABBITMQ_URL and RABBITMQ_WEB_STOMP_URL as its certificate does',
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return permanent(`the broker's certificate is not valid at this time (${error.message})`);
  }
  if (code !== 'EPROTO' && !code.startsWith('ERR_SSL_')) return undefined;
  const [refusal] = REFUSAL.exec(error.message) ?? [];
  if (refusal) {
    return permanent(
      `the broker refused the relay's certificate, or wants one (${refusal}); ` +
        'set RABBITMQ_CERT and RABBITMQ_KEY to one that it accepts',
    );
  }
  const [noTls] = NO_TLS.exec(error.message) ?? [];
  if (noTls) return permanent(`the broker does not speak TLS on that port (${noTls})`);
  return { permanent: false, message: `TLS with the broker failed (${error.message.trim()})` };
}

function permanent(message: string): TlsFault {
  return { message, permanent: true };
}

/** X509_V_ERR_… of OpenSSL: no way from the broker's certificate to an authority that we know. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'CERT_SIGNATURE_FAILURE',
]);

/** The broker's alerts about our certificate (RFC 8446, 6.2) in the words of OpenSSL; Node's codes differ by version. */
const REFUSAL =
  /alert (?:certificate \w+|bad certificate|no certificate|unsupported certificate|unknown ca|handshake failure|access denied)/;
const NO_TLS = /wrong version number|packet length too long/;
