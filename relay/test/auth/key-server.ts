import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';

/** A key pair as an identity provider holds it. */
export interface ProviderKey {
  readonly kid: string | undefined;
  readonly alg: string;
  readonly publicJwk: Record<string, unknown>;
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

export function providerKey(
  kid: string | undefined,
  alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256',
): ProviderKey {
  const pair: { publicKey: KeyObject; privateKey: KeyObject } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  const named = kid === undefined ? {} : { kid };
  return {
    kid,
    alg,
    publicJwk: { ...pair.publicKey.export({ format: 'jwk' }), ...named, use: 'sig' },
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, ...named, ...header }).sign(pair.privateKey),
  };
}

/** An identity provider's JWKS address on the loopback interface. */
export class KeyServer {
  /** How often the keys were asked for. */
  requests = 0;
  keys: unknown[] = [];
  /** Answers in place of the keys, when set. */
  answer: ((response: ServerResponse) => void) | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((_request, response) => {
      this.requests += 1;
      if (this.answer) return this.answer(response);
      response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys: this.keys }));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
