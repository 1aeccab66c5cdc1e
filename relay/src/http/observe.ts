import type { RequestHandler } from 'express';
import type { Logger } from '../logger.js';
import type { RequestCounts } from '../metrics/requests.js';
import { REQUEST_ID, requestId } from './request-id.js';

export interface ObserveOptions {
  readonly requests: RequestCounts;
  readonly log: Logger;
  /** RELAY_SOCKJS_PATH */
  readonly sockjsPath: string;
}

/** Gives each request its id, and counts it by route once it is over. Must come first. */
export function observeRequests({ requests, log, sockjsPath }: ObserveOptions): RequestHandler {
  return (request, response, next) => {
    const id = requestId(request);
    const since = performance.now();
    response.setHeader(REQUEST_ID, id);
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : undefined;
      const route = routeOf(request.originalUrl, request.route?.path, sockjsPath, status);
      requests.count(request.method, route, status);
      if (!log.isLevelEnabled('debug')) return;
      const ms = Math.round(performance.now() - since);
      log.debug({ request: id, method: request.method, route, status: status ?? null, ms }, 'request');
    });
    next();
  };
}

/** Never the path itself: there are as many of those as a client likes. */
function routeOf(url: string, pattern: unknown, sockjsPath: string, status: number | undefined): string {
  const isBelow = (base: string) => url.startsWith(base) && /^([/?]|$)/.test(url.slice(base.length));
  if (isBelow(sockjsPath)) return sockjsPath;
  if (isBelow('/broker')) return '/broker';
  if (typeof pattern === 'string') return pattern.replace(/:(\w+)/g, '{$1}');
  return status !== undefined && status < 400 ? 'page' : 'none';
}
