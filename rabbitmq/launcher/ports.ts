import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The loopback ports of one node; `…Tls` are in use only where it has certificates. */
export interface Ports {
  amqp: number;
  amqpTls: number;
  webStomp: number;
  webStompTls: number;
  management: number;
  prometheus: number;
  distribution: number;
  epmd: number;
}

const kinds = [
  'amqp',
  'amqpTls',
  'webStomp',
  'webStompTls',
  'management',
  'prometheus',
  'distribution',
  'epmd',
] as const;

// Below Linux's range for outgoing connections (from 32768): a port from there could be taken by any client
// of the machine while the node is down, and restart() promises the same ports.
const lowest = 20_000;
const highest = 32_000;

/** True when nothing listens on that loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Free ports for one node; those of `wanted` that are still free are kept.
 * @param chosen ports of nodes that are about to start; those of this one are added.
 * @throws Error when the range has no free port left.
 */
export async function choosePorts(wanted?: Ports, chosen = new Set<number>()): Promise<Ports> {
  const ports: Partial<Ports> = {};
  for (const kind of kinds) {
    const before = wanted?.[kind];
    const port = before !== undefined && (await isFree(before)) ? before : await unusedPort(chosen);
    chosen.add(port);
    ports[kind] = port;
  }
  return ports as Ports;
}

async function unusedPort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`No free port on 127.0.0.1 between ${lowest} and ${highest}`);
}
