import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { BackchannelLogout } from '../auth/backchannel.js';
import type { Failures } from '../auth/failures.js';
import type { SignIn } from '../auth/identity.js';
import type { Tickets } from '../auth/tickets.js';
import type { RelayConfig } from '../config.js';
import type { DenialLog } from '../denial-log.js';
import type { Departure } from '../departure.js';
import type { LogLevel } from '../log-level.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { AccessPolicy } from '../policy/decision.js';
import type { Decider } from '../policy/permit.js';
import type { Tracing } from '../tracing.js';
import type { UnreadStore } from '../unread/store.js';
import type { Publish } from '../upstream/publish.js';
import type { Scrape } from '../workers/place.js';
import { createAuthenticator } from './authenticate.js';
import { serveBackchannelLogout } from './backchannel.js';
import { jsonReader } from './body.js';
import { serveBroker } from './broker.js';
import type { ClientOriginOf } from './client-address.js';
import { serveDemo } from './demo.js';
import { type Endpoint, serveEndpoints } from './endpoint.js';
import { answerErrors, notFound, onlyMethods } from './errors.js';
import { explainEndpoint } from './explain.js';
import { type LogLevelEndpointOptions, logLevelEndpoints } from './log-level.js';
import { type MessageEndpointOptions, messageEndpoints } from './messages.js';
import { observeRequests } from './observe.js';
import { OPENAPI_PATH, openApiDocument } from './openapi.js';
import { checkOrigins } from './origins.js';
import { type Readiness, serveProbes } from './probes.js';
import { limitRequests } from './rate.js';
import { type Revoke, sessionEndpoints } from './sessions.js';
import { ticketEndpoints } from './tickets.js';
import { unreadEndpoints } from './unread.js';

export interface HttpServices {
  /** Serves what lies below RELAY_SOCKJS_PATH, and says whether a request did. */
  readonly sockjs?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly departure: Departure;
  readonly config: RelayConfig;
  readonly metrics: Metrics;
  /** What /metrics shows; the registry of `metrics` when left out. */
  readonly scrape?: Scrape;
  readonly readiness: () => Readiness;
  readonly log: Logger;
  readonly denials: DenialLog;
  readonly logLevel: LogLevel;
  /** Sets the log level of the other relays. */
  readonly tellOthers: LogLevelEndpointOptions['tellOthers'];
  readonly clientOrigin: ClientOriginOf;
  /** The one that checks WebSocket upgrades. */
  readonly signIn: SignIn;
  readonly failures: Failures;
  readonly tickets: Pick<Tickets, 'give'>;
  readonly revoke: Revoke;
  readonly logout: Pick<BackchannelLogout, 'accept'>;
  /** Is told the name of a setting whenever it refuses somebody. */
  onLimit(limit: string): void;
  readonly policy: Decider & Pick<AccessPolicy, 'mayManage'>;
  readonly unread: UnreadStore;
  readonly publish: Publish;
  /** Undefined when nobody wants spans. */
  readonly tracing?: Tracing | undefined;
  /** Cuts the shared links to the broker, which come back; returns how many there were. */
  cutLinks(): number;
}

/** The built web page, seen from the compiled relay and from its sources; absent when it was not built. */
const WEB_ROOTS = ['../../../dist/web', '../../../web'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Everything that is plain HTTP: probes, metrics, the API, the demo's token, the page. */
export function createHttpApp(services: HttpServices): Express {
  const { config, metrics, readiness, log, denials } = services;
  const app = express();
  // Nothing that is made here may be kept, and hashing large answers takes time from everybody.
  app.disable('etag');
  // Proxies that keep /metrics from the outside compare letter by letter: /METRICS and /metrics/ must be nothing.
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(securityHeaders(config.env.RELAY_TLS_CERT !== undefined));

  const { RELAY_SOCKJS_PATH: sockjsPath } = config.env;
  app.use(observeRequests({ requests: metrics.requests, log, sockjsPath }));
  const { sockjs } = services;
  app.use((request, response, next) => {
    if (!sockjs?.(request, response)) next();
  });
  app.use(services.departure.letGo);
  serveProbes(app, services.scrape ?? metrics.registry, readiness);
  app.use(services.departure.refuse);
  serveApi(app, services);
  serveBroker(app, services);
  if (config.env.RELAY_DEMO) serveDemo(app, services);
  const web = WEB_ROOTS.find((path) => existsSync(`${path}/index.html`));
  if (web) app.use(express.static(web));
  app.use(notFound);
  app.use(answerErrors(log, denials));
  return app;
}

function serveApi(app: Express, services: HttpServices): void {
  const { config, metrics, log, denials, clientOrigin, signIn, onLimit, policy, unread } = services;
  const { RELAY_ALLOWED_ORIGINS: allowedOrigins, RELAY_HTTP_RATE: rate, RELAY_MAX_BODY_BYTES } = config.env;
  const onRefused = (reason: string) => metrics.denials.inc({ reason });
  const endpoints = [
    ...unreadEndpoints({ store: unread, policy }),
    ...authEndpoints(services),
    ...messageEndpoints(messageOptions(services)),
    explainEndpoint(policy),
    ...logLevelEndpoints(services),
  ];
  const document = openApiDocument(endpoints);

  app.use('/api', (_request, response, next) => {
    // Other people's mail, and tokens in the query: nothing for a cache.
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.use('/api', checkOrigins(allowedOrigins, clientOrigin, onRefused));
  app
    .route(OPENAPI_PATH)
    .get((_request, response) => {
      response.json(document);
    })
    .all(onlyMethods(['get']));
  const authenticate = createAuthenticator({ signIn, allowedOrigins, clientOrigin, denials, onRefused });
  const { failures, logout } = services;
  const maxBody = RELAY_MAX_BODY_BYTES;
  serveBackchannelLogout(app, { logout, failures, clientOrigin, log, maxBody, onRefused });
  const readJson = (own: number | undefined) =>
    jsonReader(own ?? maxBody, () =>
      onLimit(own === undefined ? 'RELAY_MAX_BODY_BYTES' : 'RELAY_MAX_FRAME_BYTES'),
    );
  serveEndpoints(app, endpoints, limitRequests(authenticate, { rate, unit: maxBody, onLimit }), readJson);
}

function messageOptions({ config, publish, policy, tracing }: HttpServices): MessageEndpointOptions {
  const { RELAY_MAX_FRAME_BYTES: maxBody, RELAY_MAX_HEADERS, RELAY_MAX_HEADER_BYTES } = config.env;
  const limits = { maxBody, maxHeaders: RELAY_MAX_HEADERS, maxHeaderBytes: RELAY_MAX_HEADER_BYTES };
  return { publish, policy, tracing, ...limits };
}

function authEndpoints({
  config,
  departure,
  tickets,
  revoke,
  policy,
  clientOrigin,
  log,
}: HttpServices): Endpoint[] {
  const { RELAY_TICKET_TIME: time, RELAY_PUBLIC_URL: publicUrl } = config.env;
  return [
    ...ticketEndpoints({ departure, tickets, time, publicUrl, clientOrigin }),
    ...sessionEndpoints({ revoke, policy, log }),
  ];
}

/** @param tls whether we speak it ourselves; where a proxy does, what browsers should remember of it is its own to say. */
function securityHeaders(tls: boolean): ReturnType<typeof helmet> {
  return helmet({
    contentSecurityPolicy: {
      directives: {
        // 'self' covers ws: and wss: of the same host in every current browser.
        connectSrc: ["'self'"],
        // The relay itself often speaks plain HTTP, behind a proxy or on one's own machine.
        upgradeInsecureRequests: null,
      },
    },
    // Other hosts under the same domain may well be without TLS.
    strictTransportSecurity: tls && { includeSubDomains: false },
  });
}
