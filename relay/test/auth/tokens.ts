import { expect } from 'vitest';
import type { TokenVerifier } from '../../src/auth/identity.js';
import { AuthError } from '../../src/errors.js';

/** One part of a JWT, made by hand as an attacker would. */
export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** The error that the token is refused with; fails the test when it is taken, or when the error shows the token. */
export async function refusal(verifier: TokenVerifier, token: string): Promise<AuthError> {
  const error: unknown = await verifier.verify(token).then(
    () => new Error('the token was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AuthError)) throw error;
  for (const piece of token.split('.').filter((text) => text.length > 8)) {
    expect(`${error.message} ${error.detail ?? ''}`).not.toContain(piece);
  }
  return error;
}

export async function refusalCode(verifier: TokenVerifier, token: string): Promise<string> {
  return (await refusal(verifier, token)).code;
}
