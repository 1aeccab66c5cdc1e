import type { RequestListener, Server } from 'node:http';
import type { Registry } from 'prom-client';
import type { RelayConfig } from '../config.js';
import type { ClientOriginOf } from '../http/client-address.js';
import { listen } from '../listen.js';
import type { Standing } from './messages.js';
import type { RequestHandler } from './passing.js';

/** What Prometheus gets. */
export type Scrape = Pick<Registry, 'metrics' | 'contentType'>;

/** Where a relay stands: alone on its port, or as one of several workers, who do some things together. */
export interface Place {
  /** Has the server get connections, and resolves with the port that they come to. @param app the server's own listener */
  listen(server: Server, app: RequestListener): Promise<number>;
  clientOrigin(ordinary: ClientOriginOf): ClientOriginOf;
  /** Lets requests for SockJS sessions go where their session is. */
  sockjs(here: RequestHandler): RequestHandler;
  scrape(registry: Registry): Scrape;
  /** Of how many workers how many are ready; undefined when there is only this relay. */
  standing(): Standing | undefined;
  /** Lets go of what `listen` has opened but for the server itself. */
  close(): void;
}

export function alone({ RELAY_HOST, RELAY_PORT }: RelayConfig['env']): Place {
  return {
    listen: (server) => listen(server, RELAY_HOST, RELAY_PORT),
    clientOrigin: (ordinary) => ordinary,
    sockjs: (here) => here,
    scrape: (registry) => registry,
    standing: () => undefined,
    close: () => {},
  };
}
