import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../logger.js';

/** Names of PEM files: the certificate with those between it and its authority, and its private key. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** How often the files are looked at, in milliseconds. */
const LOOK_EVERY_MS = 2000;

/** A socket that never finishes its handshake has cost us a descriptor until then. Node alone waits 120 s. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * An HTTP server that speaks TLS, 1.2 or newer, and takes a new certificate without a restart. Connections that are there
 * keep the one that they began with. A pair that cannot be used is logged and the old one kept, so that a renewal which
 * writes one file after the other, or half of one, harms nobody.
 * @param options for the HTTP side; the handshake has as long as a request.
 * @param lookEvery milliseconds between two looks at the files.
 * @throws Error naming RELAY_TLS_CERT or RELAY_TLS_KEY when the files cannot be used at the start.
 */
export function createTlsServer(
  files: TlsFiles,
  options: ServerOptions,
  listener: RequestListener,
  log: Logger,
  lookEvery = LOOK_EVERY_MS,
): Server {
  const pair = readPair(files);
  checkPair(pair);
  warnWhenOver(pair, log);
  const handshakeTimeout = options.requestTimeout ?? HANDSHAKE_TIMEOUT_MS;
  const server = createServer({ ...options, ...pair, handshakeTimeout }, listener);
  const stop = watchPair(files, pair, lookEvery, (found) => {
    try {
      if (found instanceof Error) throw found;
      checkPair(found);
      server.setSecureContext(found);
      log.info({ until: new X509Certificate(found.cert).validTo }, 'a new TLS certificate is in use');
      warnWhenOver(found, log);
    } catch (error) {
      log.error(
        { reason: (error as Error).message },
        'the new TLS certificate is not usable; the old one is kept',
      );
    }
  });
  server.once('close', stop);
  return server;
}

/**
 * Reads the files again and again, by name, and tells what is in them when it is something else than the last time. Not
 * watched: a watch stays with the file that is replaced, and sees nothing of a link further up that now leads elsewhere,
 * which is how Kubernetes gives out new secrets.
 * @returns what ends it.
 */
function watchPair(
  files: TlsFiles,
  first: Pair,
  every: number,
  onChange: (found: Pair | Error) => void,
): () => void {
  let last = textOf(first);
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const again = () => {
    if (!over) timer = setTimeout(look, every).unref();
  };
  const look = () =>
    void Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
      .then(
        ([cert, key]) => ({ cert, key }),
        (error: Error) => new Error(`RELAY_TLS_CERT or RELAY_TLS_KEY cannot be read: ${error.message}`),
      )
      .then((found) => {
        if (over || textOf(found) === last) return;
        last = textOf(found);
        onChange(found);
      })
      .finally(again);
  again();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

function textOf(found: Pair | Error): string {
  return found instanceof Error ? found.message : `${found.cert}\0${found.key}`;
}

function readPair(files: TlsFiles): Pair {
  return { cert: read('RELAY_TLS_CERT', files.cert), key: read('RELAY_TLS_KEY', files.key) };
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${variable} cannot be read: ${(error as Error).message}`);
  }
}

/** @throws Error when the files' content is no certificate with its key. */
function checkPair(pair: Pair): void {
  try {
    // An empty file, which every file is that is being written, would pass for a context without a certificate.
    const fits = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
    if (!fits) throw new Error('the key is not that of the certificate');
    // What setSecureContext() does too, but there a pair that cannot be used has been half taken when it throws.
    createSecureContext(pair);
  } catch (error) {
    throw new Error(
      `RELAY_TLS_CERT and RELAY_TLS_KEY cannot be used: ${(error as Error).message}; they take a PEM ` +
        'certificate and its private key without a passphrase',
    );
  }
}

function warnWhenOver({ cert }: Pair, log: Logger): void {
  const { validTo } = new X509Certificate(cert);
  if (Date.parse(validTo) < Date.now()) log.warn({ until: validTo }, 'the TLS certificate has expired');
}
