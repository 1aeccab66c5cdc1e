import type { SignIn, TokenVerifier } from './identity.js';

/** Lets in whoever shows a good token. */
export function createSignIn(verifier: TokenVerifier): SignIn {
  return {
    withToken: (token) => verifier.verify(token),
  };
}
