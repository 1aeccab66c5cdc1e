import { mkdirSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Membership, type RunningNode, runNode } from './node.js';
import type { NodeTls } from './tls.js';

export { type Cluster, type ClusterOptions, startCluster } from './cluster.js';
export { locateInstallation, NotInstalledError } from './locate.js';
export type { NodeTls } from './tls.js';

/** A private RabbitMQ node. The URLs carry the credentials of the broker user `relay`. */
export interface Broker {
  /** `amqp://relay:…@127.0.0.1:PORT` */
  readonly amqpUrl: string;
  /** `ws://relay:…@127.0.0.1:PORT/ws` */
  readonly webStompUrl: string;
  /** The same over TLS, `amqps:` and `wss:`; undefined for a node without certificates. */
  readonly secure: { readonly amqpUrl: string; readonly webStompUrl: string } | undefined;
  /** `http://relay:…@127.0.0.1:PORT` */
  readonly managementUrl: string;
  /** The broker user of private links, who has no rights on names that start with `relay.`. */
  readonly clientUsername: string;
  readonly clientPassword: string;
  /** Of the Erlang machine; another one after `restart()`. */
  readonly pid: number;
  readonly dataDir: string;
  /** Ends the node in order, within 5 s. Its data stay. */
  stop(): Promise<void>;
  /** Ends the node with SIGKILL, as a crash would. Its data stay. */
  kill(): Promise<void>;
  /** Starts the node again (after stopping it, if it runs): same ports, data and passwords. Resolves when ready. */
  restart(): Promise<void>;
}

export interface BrokerOptions {
  /** Everything of the node is in here. The same directory later is the same node with the same messages. */
  dataDir: string;
  /** Adds listeners that speak TLS to the plain ones. Read at every start, `restart()` too. Default: none. */
  tls?: NodeTls;
  /** Gets what the node prints, line by line. Default: dropped; the log file in the directory has more. */
  log?: (line: string) => void;
  /** Called when the node ends and neither `stop()` nor `kill()` wanted it; `how` is its exit code or signal. */
  onCrash?: (how: string) => void;
}

/**
 * Starts a RabbitMQ node of its own, reachable only on 127.0.0.1, with the topology of `definitions.json`, and
 * waits until it can be used. No file of the system's RabbitMQ service is read or written.
 * The node ends with this process at the latest.
 * @throws NotInstalledError without RabbitMQ; Error with the last log lines when it does not start within 90 s.
 */
export function startBroker(options: BrokerOptions): Promise<Broker> {
  return startNode(options);
}

/** The same for one node of a cluster. */
export async function startNode(options: BrokerOptions, membership?: Membership): Promise<Broker> {
  const dataDir = usableFolder(options.dataDir);
  const { tls, log = () => {} } = options;
  let node: RunningNode = await runNode(dataDir, { log, keepPorts: false, tls, membership });
  let running = true;
  const watch = (watched: RunningNode) =>
    void watched.ended.then((how) => {
      if (running && watched === node) options.onCrash?.(how);
    });
  watch(node);
  const credentials = `relay:${node.identity.brokerPassword}`;
  const { ports } = node;

  const end = async (how: 'stop' | 'kill') => {
    running = false;
    await node[how]();
  };
  return {
    amqpUrl: `amqp://${credentials}@127.0.0.1:${ports.amqp}`,
    webStompUrl: `ws://${credentials}@127.0.0.1:${ports.webStomp}/ws`,
    secure: options.tls && {
      amqpUrl: `amqps://${credentials}@127.0.0.1:${ports.amqpTls}`,
      webStompUrl: `wss://${credentials}@127.0.0.1:${ports.webStompTls}/ws`,
    },
    managementUrl: `http://${credentials}@127.0.0.1:${ports.management}`,
    clientUsername: 'relay-client',
    clientPassword: node.identity.clientPassword,
    get pid() {
      return node.pid;
    },
    dataDir,
    stop: () => end('stop'),
    kill: () => end('kill'),
    async restart() {
      if (running) await end('stop');
      node = await runNode(dataDir, { log, keepPorts: true, tls, membership });
      running = true;
      watch(node);
    },
  };
}

/**
 * Makes the directory where it is missing.
 * @returns its real path
 */
export function usableFolder(folder: string): string {
  mkdirSync(resolve(folder), { recursive: true, mode: 0o700 });
  const real = realpathSync(folder);
  // Paths go into files and variables of a shell script that splits at spaces.
  if (/[\s'"\\#]/.test(real)) {
    throw new Error(`RabbitMQ needs a data directory without spaces and quotes, not "${real}"`);
  }
  return real;
}
