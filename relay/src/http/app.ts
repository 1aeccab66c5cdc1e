import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { SignIn } from '../auth/identity.js';
import type { RelayConfig } from '../config.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Decider } from '../policy/permit.js';
import type { UnreadStore } from '../unread/store.js';
import { createAuthenticator } from './authenticate.js';
import { serveDemoToken } from './demo-token.js';
import { serveEndpoints } from './endpoint.js';
import { answerErrors, notFound, onlyMethods } from './errors.js';
import { OPENAPI_PATH, openApiDocument } from './openapi.js';
import { checkOrigins } from './origins.js';
import { type Readiness, serveProbes } from './probes.js';
import { unreadEndpoints } from './unread.js';

export interface HttpServices {
  readonly config: RelayConfig;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  readonly log: Logger;
  /** The one that checks WebSocket upgrades. */
  readonly signIn: SignIn;
  readonly policy: Decider;
  readonly unread: UnreadStore;
}

/** The built web page, seen from the compiled relay and from its sources; absent when it was not built. */
const WEB_ROOTS = ['../../../dist/web', '../../../web'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Everything that is plain HTTP: probes, metrics, the API, the demo's token, the page. */
export function createHttpApp(services: HttpServices): Express {
  const { config, metrics, readiness, log } = services;
  const app = express();
  // Nothing that is made here may be kept, and hashing large answers takes time from everybody.
  app.disable('etag');
  app.use(securityHeaders());

  serveProbes(app, metrics, readiness);
  serveApi(app, services);
  if (config.env.RELAY_DEMO) serveDemoToken(app, config);
  const web = WEB_ROOTS.find((path) => existsSync(`${path}/index.html`));
  if (web) app.use(express.static(web));
  app.use(notFound);
  app.use(answerErrors(log));
  return app;
}

function serveApi(app: Express, { config, metrics, log, signIn, policy, unread }: HttpServices): void {
  const allowedOrigins = config.env.RELAY_ALLOWED_ORIGINS;
  const onRefused = (reason: string) => metrics.denials.inc({ reason });
  const endpoints = unreadEndpoints({ store: unread, policy });
  const document = openApiDocument(endpoints);

  app.use('/api', (_request, response, next) => {
    // Other people's mail, and tokens in the query: nothing for a cache.
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.use('/api', checkOrigins(allowedOrigins, onRefused));
  app
    .route(OPENAPI_PATH)
    .get((_request, response) => {
      response.json(document);
    })
    .all(onlyMethods(['get']));
  serveEndpoints(app, endpoints, createAuthenticator({ signIn, allowedOrigins, log, onRefused }));
}

function securityHeaders(): ReturnType<typeof helmet> {
  return helmet({
    contentSecurityPolicy: {
      directives: {
        // 'self' covers ws: and wss: of the same host in every current browser.
        connectSrc: ["'self'"],
        // The relay itself often speaks plain HTTP, behind a proxy or on one's own machine.
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });
}
