import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { issueDemoToken } from './auth/demo.js';
import type { RelayConfig } from './config.js';
import { RelayError } from './errors.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

export interface Readiness {
  ready: boolean;
  /** Each part that must be up, with why it is not. */
  parts: Record<string, { up: boolean; error?: string }>;
}

/** The built web page, seen from the compiled relay and from its sources; absent when it was not built. */
const WEB_ROOTS = ['../../dist/web', '../../web'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Everything that is plain HTTP: probes, metrics, the demo's token, the page. */
export function createHttpApp(
  config: RelayConfig,
  metrics: Metrics,
  readiness: () => Readiness,
  log: Logger,
): Express {
  const { env } = config;
  const app = express();
  app.disable('x-powered-by');
  app.use(
    helmet({
      contentSecurityPolicy: {
        directives: {
          // 'self' covers ws: and wss: of the same host in every current browser.
          connectSrc: ["'self'"],
          // The relay itself often speaks plain HTTP, behind a proxy or on one's own machine.
          upgradeInsecureRequests: null,
        },
      },
      strictTransportSecurity: false,
    }),
  );

  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', (_request, response) => {
    const state = readiness();
    response.status(state.ready ? 200 : 503).json(state);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  if (env.RELAY_DEMO) {
    app.post('/demo/token', express.json({ limit: '4kb' }), async (request, response) => {
      const user = (request.body as { user?: unknown } | undefined)?.user;
      const token = await issueDemoToken(env.RELAY_JWT_SECRET ?? '', user, {
        issuer: env.RELAY_JWT_ISSUER,
        audience: env.RELAY_JWT_AUDIENCE,
        userClaim: env.RELAY_USER_CLAIM,
      });
      response.set('Cache-Control', 'no-store').json({ token });
    });
  }
  const web = WEB_ROOTS.find((path) => existsSync(`${path}/index.html`));
  if (web) app.use(express.static(web));
  app.use((_request, response) => {
    response
      .status(404)
      .json({ error: { code: 'ERR_NOT_FOUND', message: 'there is nothing at this address' } });
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const status = statusOf(error);
    if (status >= 500) log.error({ err: error, path: request.path }, 'request failed');
    const { code, message } =
      error instanceof RelayError
        ? error
        : { code: status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_INTERNAL', message: messageOf(error, status) };
    response.status(status).json({ error: { code, message } });
  });
  return app;
}

function statusOf(error: unknown): number {
  if (error instanceof RelayError) return error.closure === 'internal' ? 503 : 400;
  const status = (error as { status?: unknown } | undefined)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function messageOf(error: unknown, status: number): string {
  return status < 500 && error instanceof Error ? error.message : 'internal error';
}
