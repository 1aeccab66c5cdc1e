import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import { readConfig } from '../../src/config.js';
import { DenialLog } from '../../src/denial-log.js';
import { Departure } from '../../src/departure.js';
import { createHttpApp, type HttpServices } from '../../src/http/app.js';
import { createClientOrigin } from '../../src/http/client-address.js';
import type { Readiness } from '../../src/http/probes.js';
import { LogLevel } from '../../src/log-level.js';
import { createMetrics, type Metrics } from '../../src/metrics.js';
import { emptyPolicy } from '../../src/policy/policy.js';
import { offlineAuth } from '../auth/offline.js';
import { NOTHING_OBSERVED } from '../support/observed.js';
import { secretToken } from '../support/tokens.js';
import { MemoryStore } from './memory-store.js';

export const secret = 'a-secret-that-is-long-enough-for-HS256!';
export const UP: Readiness = { ready: true, parts: { amqp: { up: true } } };

export interface Served {
  url: string;
  port: number;
  app: Express;
  server: Server;
  store: MemoryStore;
  metrics: Metrics;
  /** Everything that was logged, as JSON lines. */
  log(): string;
}

const servers = new Set<Server>();
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers.clear();
});

/** Serves the app on a free port until the test ends. */
export async function serve(
  env: Record<string, string> = {},
  replaced: Partial<HttpServices> = {},
): Promise<Served> {
  const config = readConfig({ RELAY_JWT_SECRET: secret, ...env });
  const store = new MemoryStore();
  let lines = '';
  const metrics = createMetrics(NOTHING_OBSERVED);
  const onLimit = (limit: string) => metrics.limits.inc({ limit });
  const log = pino(
    { level: 'trace' },
    {
      write(line: string) {
        lines += line;
      },
    },
  );
  const app = createHttpApp({
    departure: new Departure(),
    config,
    metrics,
    readiness: () => UP,
    log,
    logLevel: new LogLevel(log),
    tellOthers: () => {},
    denials: new DenialLog(log, () => {}),
    clientOrigin: createClientOrigin(config.env.RELAY_TRUSTED_PROXIES ?? []),
    ...offlineAuth(config, { onLimit }),
    onLimit,
    policy: emptyPolicy,
    unread: store,
    cutLinks: () => 0,
    publish: () => Promise.resolve(),
    ...replaced,
  });
  const server = createServer(app);
  servers.add(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, app, server, store, metrics, log: () => lines };
}

export interface Answer<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Asking {
  /** Whose token to send; undefined sends none. */
  as?: string | undefined;
  method?: string;
  /** Sent as JSON, or as it is when it is a string. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** Asks as a user's program would; POST when there is a body. */
export async function ask<T = unknown>(url: string, asking: Asking = {}): Promise<Answer<T>> {
  const { as = undefined, body } = asking;
  const headers: Record<string, string> = { ...asking.headers };
  if (as !== undefined) headers.authorization = `Bearer ${await secretToken(secret, { sub: as })}`;
  if (body !== undefined) headers['content-type'] ??= 'application/json';
  const response = await fetch(url, {
    method: asking.method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) as T };
}

export interface Refusal {
  error: { code: string; message: string; requestId: string };
}

function parsed(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
