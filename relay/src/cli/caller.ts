import { configuredVerifier } from '../auth/configured.js';
import type { Identity } from '../auth/identity.js';
import { userFromClaims } from '../auth/user.js';
import type { RelayConfig } from '../config.js';
import { type Terminal, UsageError } from './terminal.js';

/** How a command line may say whose rights it asks about; exactly one. */
export interface CallerOptions {
  /** A JWT, or `-` for standard input. */
  readonly token?: string | undefined;
  /** Claims as JSON, which nobody has signed. */
  readonly claims?: string | undefined;
}

/**
 * Who is asked about.
 * @throws UsageError when it is not said, or said twice; AuthError as a sign-in would
 */
export async function readCaller(
  { token, claims }: CallerOptions,
  config: RelayConfig,
  terminal: Terminal,
): Promise<Identity> {
  if (claims !== undefined) {
    if (token !== undefined) throw new UsageError('give a token or claims, not both');
    return fromClaims(claims, config.env.RELAY_USER_CLAIM);
  }
  const given = token === '-' ? (await terminal.input()).trim() : (token ?? terminal.env.RELAY_TOKEN ?? '');
  if (given === '') {
    throw new UsageError(
      'no token: give one with --token, RELAY_TOKEN or --token - (standard input), or --claims',
    );
  }
  return configuredVerifier(config).verify(given.replace(/^Bearer\s+/i, ''));
}

function fromClaims(json: string, userClaim: string): Identity {
  let claims: unknown;
  try {
    claims = JSON.parse(json);
  } catch {
    claims = undefined;
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new UsageError('--claims takes a JSON object such as \'{"sub":"alice"}\'');
  }
  const known = claims as Record<string, unknown>;
  try {
    return { ...userFromClaims(known, userClaim), claims: known, expiresAt: undefined, tokenId: 'claims' };
  } catch (error) {
    // Nobody's token is refused here: the question is incomplete.
    throw new UsageError(`--claims: ${(error as Error).message}`);
  }
}
