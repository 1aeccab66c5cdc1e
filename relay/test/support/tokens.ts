import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';

export type Claims = JWTPayload & Record<string, unknown>;

/** Seconds since the epoch, `offset` seconds from now. */
export function inSeconds(offset: number): number {
  return Math.floor(Date.now() / 1000) + offset;
}

/** A token signed with a shared secret; good for ten minutes unless the claims say otherwise. */
export function secretToken(secret: string, claims: Claims, alg = 'HS256'): Promise<string> {
  return new SignJWT({ exp: inSeconds(600), ...claims })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));
}

/** An RSA key pair of an identity provider. */
export interface RsaKey {
  publicPem: string;
  sign(claims: Claims): Promise<string>;
}

export function rsaKey(): RsaKey {
  const pair: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
  });
  return {
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (claims) =>
      new SignJWT({ exp: inSeconds(600), ...claims })
        .setProtectedHeader({ alg: 'RS256' })
        .sign(pair.privateKey),
  };
}

/** A token with `alg: none`, as an attacker writes it: claims that nobody signed. */
export function unsignedToken(claims: Claims): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part({ exp: inSeconds(600), ...claims })}.`;
}
