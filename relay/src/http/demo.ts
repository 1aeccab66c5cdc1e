import type { Express, Request } from 'express';
import { z } from 'zod';
import { issueDemoToken } from '../auth/demo.js';
import type { RelayConfig } from '../config.js';
import { LimitError } from '../errors.js';
import { TokenBucket } from '../util/token-bucket.js';
import type { HttpServices } from './app.js';
import { createAuthenticator } from './authenticate.js';
import { jsonReader } from './body.js';
import { onlyMethods } from './errors.js';
import { readInput } from './input.js';

const MAX_BODY_BYTES = 4096;
const DAY_SECONDS = 86_400;

const DURATION = { error: `takes whole seconds from 1 to ${DAY_SECONDS}` };
const ROLES = { error: 'takes a list of at most 20 role names' };

const tokenRequest = z.strictObject({
  // Judged by the code that judges the users of all tokens.
  user: z.unknown(),
  roles: z.array(z.string(ROLES).min(1, ROLES).max(100, ROLES), ROLES).max(20, ROLES).optional(),
  expiresIn: z.int(DURATION).min(1, DURATION).max(DAY_SECONDS, DURATION).optional(),
});

/** What demo mode alone serves, below `/demo`: it gives anybody any name and any role, and breaks things on demand. */
export function serveDemo(app: Express, services: HttpServices): void {
  app.use('/demo', (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  serveToken(app, services.config);
  serveCutLinks(app, services);
}

/** `POST /demo/token {"user":"alice"}`, with `roles` (none by default) and `expiresIn` (3,600 s by default). */
function serveToken(app: Express, { env }: RelayConfig): void {
  const readJson = jsonReader(MAX_BODY_BYTES);
  app
    .route('/demo/token')
    .post(async (request, response) => {
      const body = await readJson(request, response);
      const { user, roles, expiresIn } = readInput(tokenRequest, body, 'the body');
      const token = await issueDemoToken(env.RELAY_JWT_SECRET ?? '', user, {
        issuer: env.RELAY_JWT_ISSUER,
        audience: env.RELAY_JWT_AUDIENCE,
        userClaim: env.RELAY_USER_CLAIM,
        ttlSeconds: expiresIn,
        ...(roles === undefined ? {} : { claims: { [env.RELAY_ROLES_CLAIM]: roles } }),
      });
      response.json({ token });
    })
    .all(onlyMethods(['post']));
}

/** `POST /demo/cut-links` with a token: the links to the broker that all clients share are lost, and come back. */
function serveCutLinks(app: Express, services: HttpServices): void {
  const { config, metrics, cutLinks, log } = services;
  const authenticate = createAuthenticator({
    ...services,
    allowedOrigins: config.env.RELAY_ALLOWED_ORIGINS,
    onRefused: (reason) => metrics.denials.inc({ reason }),
  });
  // For everybody together: they all share what is cut.
  const bucket = new TokenBucket(1, 1);
  app
    .route('/demo/cut-links')
    .post(async (request: Request, response) => {
      const { user } = await authenticate(request);
      if (!bucket.take()) {
        throw new LimitError('ERR_TOO_MANY_REQUESTS', 'links are cut once a second at most', 'demo', 1);
      }
      const cut = cutLinks();
      log.warn({ user, cut }, 'links were cut on request, as demo mode allows');
      response.json({ cut });
    })
    .all(onlyMethods(['post']));
}
