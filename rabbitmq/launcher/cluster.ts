import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodePaths } from './files.js';
import { loadIdentity, saveIdentity } from './identity.js';
import { type Broker, startNode, usableFolder } from './index.js';
import { type Membership, startMapper } from './node.js';
import { choosePorts } from './ports.js';
import { endOwned } from './processes.js';
import { isReady } from './readiness.js';

/** A private RabbitMQ cluster on this machine. */
export interface Cluster {
  /** Each can be killed, stopped and started again by itself. */
  readonly nodes: readonly Broker[];
  /** Of all nodes, with commas: what RABBITMQ_URL takes. */
  readonly amqpUrl: string;
  /** The same for RABBITMQ_WEB_STOMP_URL. */
  readonly webStompUrl: string;
  readonly clientUsername: string;
  readonly clientPassword: string;
  /** Ends all nodes with SIGKILL, which is quick: in order, each would hand over to the others first. */
  kill(): Promise<void>;
}

export interface ClusterOptions {
  /** Everything of the nodes is in here, each in a directory of its own. */
  dataDir: string;
  /** Default 3. */
  size?: number;
  /** Gets what the nodes print, line by line. Default: dropped. */
  log?: (line: string) => void;
}

const settleLimit = 60_000;

/**
 * Starts a cluster whose nodes are reachable only on 127.0.0.1, and brings the topology of `definitions.json` into it once all
 * of them are there. It is made of an empty directory; it ends with this process at the latest.
 * @throws as `startBroker`.
 */
export async function startCluster({ dataDir, size = 3, log }: ClusterOptions): Promise<Cluster> {
  const folder = usableFolder(dataDir);
  const folders = Array.from({ length: size }, (_, i) => usableFolder(join(folder, `node-${i + 1}`)));
  const identities = folders.map(loadIdentity);
  const [first] = identities;
  if (!first) throw new Error('a cluster has at least one node');
  const { cookie, brokerPassword, clientPassword } = first;
  for (const [i, { nodeName }] of identities.entries()) {
    saveIdentity(folders[i] as string, { nodeName, cookie, brokerPassword, clientPassword });
  }
  const taken = new Set<number>();
  const { epmd: mapperPort } = await choosePorts(undefined, taken);
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
  const mapper = await startMapper(mapperPort, { env, cwd: folder });
  const members = identities.map(({ nodeName }) => nodeName);
  const membership: Membership = { members, mapper, mapperPort, taken, defined: false };
  const nodes: Broker[] = [];
  const kill = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await endOwned(mapper, 500);
  };
  const start = async (nodeFolder: string) => {
    nodes.push(await startNode({ dataDir: nodeFolder, ...(log ? { log } : {}) }, membership));
  };
  try {
    const [seed, ...rest] = folders as [string, ...string[]];
    // The others find it running and join it; were all to start at once, each might begin a cluster of its own.
    await start(seed);
    const joined = await Promise.allSettled(rest.map(start));
    const failed = joined.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    nodes.sort((a, b) => folders.indexOf(a.dataDir) - folders.indexOf(b.dataDir));
    await define(nodes, folders);
    membership.defined = true;
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    nodes,
    amqpUrl: nodes.map(({ amqpUrl }) => amqpUrl).join(','),
    webStompUrl: nodes.map(({ webStompUrl }) => webStompUrl).join(','),
    clientUsername: 'relay-client',
    clientPassword,
    kill,
  };
}

/** Imports the definitions, and waits until every node can be used with them. */
async function define([first]: readonly Broker[], folders: readonly string[]): Promise<void> {
  const { managementUrl, dataDir } = first as Broker;
  const url = new URL('/api/definitions', managementUrl);
  const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
  url.username = '';
  url.password = '';
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization, connection: 'close', 'content-type': 'application/json' },
    body: readFileSync(nodePaths(dataDir).definitions),
  });
  if (!response.ok) throw new Error(`the definitions were not imported: ${await response.text()}`);
  const deadline = Date.now() + settleLimit;
  for (const folder of folders) {
    const identity = loadIdentity(folder);
    while (!identity.ports || !(await isReady(identity.ports, identity, false))) {
      if (Date.now() > deadline) throw new Error(`the cluster was not ready after ${settleLimit / 1000} s`);
      await delay(100);
    }
  }
}
