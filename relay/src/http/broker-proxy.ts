import { type IncomingHttpHeaders, type IncomingMessage, Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { pipeline } from 'node:stream';
import type { RequestHandler, Response } from 'express';
import httpProxy from 'http-proxy';
import type { BrokerConfig } from '../config.js';
import { RelayError } from '../errors.js';
import { managementPath, redirectPath } from './broker-path.js';

/** Longest silence of the management, in milliseconds. */
const TIMEOUT_MS = 30_000;
/** Requests at the management at a time; more wait. */
const MOST_AT_ONCE = 16;

/** What goes on of a request: nothing by which it could be cut in two, claim to be somebody or carry the relay's own tokens. */
const REQUEST_HEADERS = [
  ...['accept', 'accept-encoding', 'accept-language', 'content-type', 'content-length'],
  ...['if-none-match', 'if-modified-since', 'x-vhost'],
];

/** What comes back of an answer: no cookies, no CORS, no challenge to which browsers would open a dialog. */
const RESPONSE_HEADERS = [
  ...['content-type', 'content-length', 'content-encoding', 'content-disposition', 'content-language'],
  ...['etag', 'last-modified', 'vary'],
];

/** RabbitMQ's pages compile their templates in the browser. Nothing of elsewhere runs or is asked all the same. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join(';');

/**
 * Passes requests on to RabbitMQ's management, signed in as the relay; whoever comes here is allowed to.
 * @param url RABBITMQ_MANAGEMENT_URL; without credentials in it those of RABBITMQ_URL count.
 */
export function createBrokerProxy(
  url: string,
  broker: Pick<BrokerConfig, 'login' | 'passcode' | 'tls'>,
): RequestHandler {
  const target = new URL(url);
  const base = target.pathname;
  const login = target.username === '' ? broker.login : decodeURIComponent(target.username);
  const passcode = target.username === '' ? broker.passcode : decodeURIComponent(target.password);
  const authorization = `Basic ${Buffer.from(`${login}:${passcode}`).toString('base64')}`;
  const pool = { keepAlive: true, maxSockets: MOST_AT_ONCE };
  const proxy = httpProxy.createProxyServer({
    target: target.origin,
    changeOrigin: true,
    selfHandleResponse: true,
    proxyTimeout: TIMEOUT_MS,
    agent: target.protocol === 'https:' ? new TlsAgent({ ...pool, ...broker.tls }) : new PlainAgent(pool),
  });
  proxy.on('proxyRes', (answer, _request, response) => {
    passOn(answer, response as Response, (location) => redirectPath(location, target, base));
  });
  return (request, response, next) => {
    request.url = managementPath(request.url, base);
    request.headers = { ...only(request.headers, REQUEST_HEADERS), authorization };
    proxy.web(request, response, {}, () => {
      const message = 'the broker’s management cannot be reached: try again in a moment';
      next(new RelayError('ERR_BROKER_UNAVAILABLE', message, 'brokerUnavailable'));
    });
  };
}

function passOn(
  answer: IncomingMessage,
  response: Response,
  redirect: (location: string) => string | undefined,
): void {
  response.status(answer.statusCode ?? 502);
  // Express would add a character set of its own.
  for (const [name, value] of Object.entries(only(answer.headers, RESPONSE_HEADERS))) {
    if (value !== undefined) response.setHeader(name, value);
  }
  const location = answer.headers.location && redirect(answer.headers.location);
  if (location) response.set('Location', location);
  response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  pipeline(answer, response, () => {});
}

function only(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}
