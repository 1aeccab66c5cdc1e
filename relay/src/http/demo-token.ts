import type { Express } from 'express';
import { issueDemoToken } from '../auth/demo.js';
import type { RelayConfig } from '../config.js';
import { jsonReader } from './body.js';
import { onlyMethods } from './errors.js';

const MAX_BODY_BYTES = 4096;

/** Serves `POST /demo/token {"user":"alice"}`, which gives anybody any name: for demo mode only. */
export function serveDemoToken(app: Express, { env }: RelayConfig): void {
  const readJson = jsonReader(MAX_BODY_BYTES);
  app
    .route('/demo/token')
    .post(async (request, response) => {
      const body = (await readJson(request, response)) as { user?: unknown } | undefined;
      const token = await issueDemoToken(env.RELAY_JWT_SECRET ?? '', body?.user, {
        issuer: env.RELAY_JWT_ISSUER,
        audience: env.RELAY_JWT_AUDIENCE,
        userClaim: env.RELAY_USER_CLAIM,
      });
      response.set('Cache-Control', 'no-store').json({ token });
    })
    .all(onlyMethods(['post']));
}
