import type { AddressInfo, Server } from 'node:net';
import type { RelayConfig } from './config.js';

/**
 * Connections that the kernel may keep until they are accepted; it allows net.core.somaxconn at most. With Node's 511 the
 * others of a storm are reset after some seconds, or come in after a minute.
 */
const BACKLOG = 65_535;

/** Has the server listen, and resolves with its port. @throws Error that says what to do when it cannot */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new Error(`port ${port} is in use; set RELAY_PORT to another one, or to 0 for a free one`)
          : error,
      );
    });
    server.listen({ port, host, backlog: BACKLOG }, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Where clients of this machine reach a relay with these settings, such as `http://127.0.0.1:8080`. */
export function addressOf(env: RelayConfig['env'], port: number): string {
  const host = env.RELAY_HOST.includes(':') ? `[${env.RELAY_HOST}]` : env.RELAY_HOST;
  return `${env.RELAY_TLS_CERT ? 'https' : 'http'}://${host}:${port}`;
}
