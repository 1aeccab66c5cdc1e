import express, { type Express, type Request, type Response } from 'express';
import type { BackchannelLogout } from '../auth/backchannel.js';
import type { Failures } from '../auth/failures.js';
import { AuthError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ClientOriginOf } from './client-address.js';
import { onlyMethods } from './errors.js';

export const BACKCHANNEL_PATH = '/api/backchannel-logout';

export interface BackchannelOptions {
  readonly logout: Pick<BackchannelLogout, 'accept'>;
  readonly failures: Failures;
  readonly clientOrigin: ClientOriginOf;
  readonly log: Logger;
  /** Largest body in bytes. */
  readonly maxBody: number;
  /** Is told the code of every refusal. */
  onRefused(code: string): void;
}

/**
 * Serves OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8: the identity provider posts a form with `logout_token`.
 * The token's signature is all that lets it in, so refusals count as failed sign-ins of the address.
 */
export function serveBackchannelLogout(app: Express, options: BackchannelOptions): void {
  const { logout, failures, clientOrigin, log, maxBody, onRefused } = options;
  const parse = express.urlencoded({ extended: false, limit: maxBody, inflate: false });
  app
    .route(BACKCHANNEL_PATH)
    .post(async (request, response) => {
      const { address } = clientOrigin(request);
      try {
        const ended = await logout.accept(await readToken(parse, request, response));
        log.info({ ended }, 'the identity provider has signed somebody out');
        response.status(200).end();
      } catch (error) {
        const counted = failures.count(error, address);
        if (!(counted instanceof AuthError) || counted.closure === 'internal') throw counted;
        onRefused(counted.code);
        log.warn({ code: counted.code, error: counted.message }, 'a logout token was refused');
        response.status(400).json({ error: 'invalid_request', error_description: plain(counted.message) });
      }
    })
    .all(onlyMethods(['post']));
}

async function readToken(
  parse: ReturnType<typeof express.urlencoded>,
  request: Request,
  response: Response,
): Promise<string> {
  const error = await new Promise<unknown>((resolve) => parse(request, response, resolve));
  const token: unknown = (request.body as Record<string, unknown> | undefined)?.logout_token;
  if (error === undefined && typeof token === 'string' && token !== '') return token;
  throw new AuthError(
    'ERR_LOGOUT_TOKEN',
    'send one logout_token in a form: application/x-www-form-urlencoded, not compressed',
  );
}

/** The characters that an error_description may have (RFC 6749, 5.2). */
function plain(message: string): string {
  return message.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
