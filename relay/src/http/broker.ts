import { type Express, type Request, type RequestHandler, type Response, Router } from 'express';
import type { Identity } from '../auth/identity.js';
import { ForbiddenError } from '../errors.js';
import { redactUrl } from '../handshake.js';
import type { HttpServices } from './app.js';
import { createAuthenticator } from './authenticate.js';
import { createBrokerProxy } from './broker-proxy.js';
import { BROKER_COOKIE, SIGN_IN_PAGE, SIGN_IN_SCRIPT, setBrokerCookie } from './broker-sign-in.js';
import { type BrokerToken, brokerToken, READING } from './broker-token.js';
import { HttpError, onlyMethods } from './errors.js';
import { limitRequests } from './rate.js';
import { requestId } from './request-id.js';

/** Somebody who may see the broker. */
interface Admitted extends BrokerToken {
  readonly identity: Identity;
}

/**
 * Serves RabbitMQ's management below `/broker/` to whom a rule with `manage: broker` lets. Browsers, which cannot send a
 * header with a page, show a token once and have it in a cookie from then on.
 */
export function serveBroker(app: Express, services: HttpServices): void {
  const { managementUrl } = services.config.broker;
  if (managementUrl === undefined) {
    app.use('/broker', () => {
      const message = 'there is no management to show: RABBITMQ_MANAGEMENT_URL is not set';
      throw new HttpError(404, 'ERR_NOT_FOUND', message);
    });
    return;
  }
  const pages = createPages(services, createBrokerProxy(managementUrl, services.config.broker));
  app.use('/broker', (request, response, next) => {
    // The links of the pages are relative.
    if (!/^\/broker($|\?)/.test(request.originalUrl)) pages(request, response, next);
    else response.redirect(308, request.originalUrl.replace('/broker', '/broker/'));
  });
}

function createPages(services: HttpServices, proxy: RequestHandler): Router {
  const { config, clientOrigin, log } = services;
  const admit = createDoor(services);
  const admitted = new WeakMap<Request, Admitted>();
  const guestOf = (request: Request): Admitted => {
    const guest = admitted.get(request);
    if (!guest) throw new Error('nobody was admitted');
    return guest;
  };
  const keep = (request: Request, response: Response) => {
    const { token, identity } = guestOf(request);
    setBrokerCookie(response, token, identity, clientOrigin(request).secure);
  };
  const welcome: RequestHandler = (request, response) => {
    if (!guestOf(request).kept) keep(request, response);
    response.type('html').send(SIGN_IN_PAGE);
  };

  const pages = Router({ strict: true });
  pages.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  pages.get('/sign-in.js', (_request, response) => {
    response.type('text/javascript').send(SIGN_IN_SCRIPT);
  });
  pages.use(async (request, _response, next) => {
    admitted.set(request, await admit(request));
    next();
  });
  pages
    .route('/sign-in')
    .get(welcome)
    .post((request, response) => {
      keep(request, response);
      response.status(204).end();
    })
    .delete((_request, response) => {
      response.clearCookie(BROKER_COOKIE, { path: '/broker' }).status(204).end();
    })
    .all(onlyMethods(['get', 'post', 'delete']));
  pages.get('/', (request, response, next) => {
    // A token of this request alone, which what the page loads will not have.
    if (guestOf(request).kept || !request.headers.accept?.includes('text/html')) next();
    else welcome(request, response, next);
  });
  pages.use((request, _response, next) => {
    checkRequest(request, config.env.RELAY_MAX_FRAME_BYTES);
    if (!READING.includes(request.method)) {
      const { user } = guestOf(request).identity;
      const url = redactUrl(request.originalUrl);
      log.info({ user, method: request.method, url, request: requestId(request) }, 'broker management');
    }
    next();
  });
  pages.use(proxy);
  return pages;
}

/** Says who asks, if they may. */
function createDoor(services: HttpServices): (request: Request) => Promise<Admitted> {
  const { config, metrics, onLimit, policy, clientOrigin } = services;
  const { RELAY_HTTP_RATE: rate, RELAY_MAX_BODY_BYTES: unit, RELAY_MAX_FRAME_BYTES: maxBody } = config.env;
  const onRefused = (reason: string) => metrics.denials.inc({ reason });
  const known = createAuthenticator({ ...services, allowedOrigins: undefined, onRefused });
  const authenticate = limitRequests(known, { rate, unit, onLimit });
  return async (request) => {
    const found = brokerToken(request, clientOrigin(request).host);
    // In place of what RabbitMQ's pages send, which means nothing here.
    if (found) request.headers.authorization = `Bearer ${found.token}`;
    else delete request.headers.authorization;
    const identity = await authenticate(request, maxBody);
    if (!found) throw new Error('somebody without a token was let in');
    if (!policy.mayManage('broker', identity).allowed) {
      onRefused('ERR_FORBIDDEN');
      if (request.res) request.res.locals.user = identity.user;
      throw new ForbiddenError(
        'not allowed to see the broker',
        'A rule of the access file must allow it: manage: [broker].',
      );
    }
    return { ...found, identity };
  };
}

/** @throws HttpError for what is not passed on, whatever it asks for */
function checkRequest({ method, headers }: Request, maxBody: number): void {
  if (!READING.includes(method) && !['POST', 'PUT', 'DELETE'].includes(method)) {
    const headers = { Allow: 'GET, HEAD, POST, PUT, DELETE' };
    throw new HttpError(405, 'ERR_METHOD_NOT_ALLOWED', `/broker takes ${headers.Allow}`, headers);
  }
  // Without a length its end is a matter of opinion.
  if (headers['transfer-encoding'] !== undefined) {
    throw new HttpError(411, 'ERR_LENGTH_REQUIRED', '/broker takes no body without Content-Length');
  }
  if (Number(headers['content-length'] ?? 0) > maxBody) {
    throw new HttpError(413, 'ERR_TOO_LARGE', `the body takes at most ${maxBody} bytes`);
  }
}
