import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type NodePaths, nodeEnvironment, nodePaths, writeNodeFiles } from './files.js';
import { loadIdentity, type NodeIdentity, saveIdentity } from './identity.js';
import { configFolder, locateInstallation } from './locate.js';
import { choosePorts, type Ports } from './ports.js';
import { endOwned, goneOrKilled, guardAgainstCrash, type OwnedProcess, startOwned } from './processes.js';
import { isListening, isReady } from './readiness.js';
import type { NodeTls } from './tls.js';

const startLimit = 90_000;
const stopPatience = 4000;

/** The node ended, or was not ready in time. `portTaken`: another process got one of its ports first. */
class StartError extends Error {
  constructor(
    message: string,
    readonly portTaken: boolean,
  ) {
    super(message);
    this.name = 'StartError';
  }
}

/** A running node: the broker, its port mapper, and the guard that ends both should we crash. */
export interface RunningNode {
  readonly pid: number;
  readonly ports: Ports;
  readonly identity: NodeIdentity;
  /** Resolves with how the broker ended, wanted or not. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** What a node shares with the others of its cluster. */
export interface Membership {
  /** The names of all nodes. */
  readonly members: readonly string[];
  /** By which they find each other; it outlives each of them. */
  readonly mapper: OwnedProcess;
  readonly mapperPort: number;
  /** Ports of the others. */
  readonly taken: Set<number>;
  /** True once the definitions were imported, so that a node is not ready before it shows them. */
  defined: boolean;
}

export interface NodeOptions {
  log: (line: string) => void;
  /** true: the ports of last time or an error; false: other ports when one of them is taken. */
  keepPorts: boolean;
  tls?: NodeTls | undefined;
  membership?: Membership | undefined;
}

/** Starts the node of a data directory and waits until it is usable. */
export async function runNode(dataDir: string, options: NodeOptions): Promise<RunningNode> {
  const { log, keepPorts, tls, membership } = options;
  const paths = nodePaths(dataDir);
  refuseSecondNode(paths);
  const identity = loadIdentity(dataDir);
  for (let attempt = 1; ; attempt += 1) {
    const ports =
      keepPorts && identity.ports ? identity.ports : await choosePorts(identity.ports, membership?.taken);
    if (membership) ports.epmd = membership.mapperPort;
    identity.ports = ports;
    saveIdentity(dataDir, identity);
    writeNodeFiles(paths, configFolder(), identity, ports, { tls, members: membership?.members });
    try {
      return await launch(paths, identity, ports, options);
    } catch (error) {
      if (!(error instanceof StartError) || !error.portTaken || keepPorts || attempt === 3) throw error;
      log('Another process took one of the ports; trying others');
    }
  }
}

async function launch(
  paths: NodePaths,
  identity: NodeIdentity,
  ports: Ports,
  { log, tls, membership }: NodeOptions,
): Promise<RunningNode> {
  const { server } = locateInstallation();
  const env = nodeEnvironment(paths, identity, ports);
  const options = { env, cwd: paths.dataDir };
  const mapper = membership?.mapper ?? (await startMapper(ports.epmd, options));
  const endMapper = async (patience: number) => {
    if (!membership) await endOwned(mapper, patience);
  };
  let broker: OwnedProcess;
  try {
    broker = await startOwned(server, [], { ...options, onLine: log });
  } catch (error) {
    await endMapper(stopPatience);
    throw error;
  }
  const dismissGuard = guardAgainstCrash(broker, mapper);
  const end = async (how: 'stop' | 'kill') => {
    if (how === 'stop') broker.closeInput();
    else broker.signal('SIGKILL');
    await goneOrKilled(broker, stopPatience);
    await endMapper(500);
    dismissGuard();
  };
  try {
    const withTls = tls !== undefined;
    const ready =
      membership && !membership.defined
        ? () => isListening(ports, withTls)
        : () => isReady(ports, identity, withTls);
    await untilReady(paths, broker, mapper, ready);
  } catch (error) {
    await end('kill');
    throw error;
  }
  const ended = broker.gone.then(() => broker.ended() ?? '');
  return { pid: broker.pid, ports, identity, ended, stop: () => end('stop'), kill: () => end('kill') };
}

/** Starts a port mapper, epmd, on a port of its own. */
export function startMapper(
  port: number,
  options: { env: Record<string, string>; cwd: string },
): Promise<OwnedProcess> {
  return startOwned(locateInstallation().epmd, ['-port', String(port), '-address', '127.0.0.1'], options);
}

async function untilReady(
  paths: NodePaths,
  broker: OwnedProcess,
  mapper: OwnedProcess,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + startLimit;
  while (!(await ready())) {
    const ended = broker.ended() ?? mapper.ended();
    if (ended !== undefined) {
      const lines = [...broker.tail(), ...mapper.tail()];
      const portTaken = lines.some((line) => /eaddrinuse|address (already )?in use/i.test(line));
      throw new StartError(explain(`RabbitMQ ended while it started (${ended})`, paths, lines), portTaken);
    }
    if (Date.now() > deadline) {
      const message = `RabbitMQ was not ready after ${startLimit / 1000} s`;
      throw new StartError(explain(message, paths, [...broker.tail(), ...logTail(paths)]), false);
    }
    await Promise.race([delay(100), broker.gone]);
  }
}

function explain(message: string, paths: NodePaths, lines: readonly string[]): string {
  const text = lines.filter((line) => line.trim() !== '');
  // Erlang prints the cause first and page after page of its consequences behind it.
  const errors = text.filter((line) => line.includes('[error]')).map((line) => line.replace(logPrefix, ''));
  const shown = errors.length > 0 ? errors.filter((line) => line !== '').slice(0, 12) : text.slice(-20);
  return `${message}. It said:\n${shown.map((line) => `  ${line}`).join('\n')}\nIts log: ${paths.logFile}`;
}

function logTail(paths: NodePaths): string[] {
  return existsSync(paths.logFile)
    ? readFileSync(paths.logFile, 'utf8').trimEnd().split('\n').slice(-15)
    : [];
}

const logPrefix = /^.*?\[error\] <[\d.]+> ?/;

/** Two nodes on one database destroy it, so a live process that still belongs to this directory is an error. */
function refuseSecondNode(paths: NodePaths): void {
  if (!existsSync(paths.pidFile)) return;
  const pid = Number(readFileSync(paths.pidFile, 'utf8').trim());
  if (!Number.isInteger(pid) || pid <= 1 || !belongsTo(pid, paths)) return;
  throw new Error(
    `The data directory ${paths.dataDir} is in use by the RabbitMQ node with pid ${pid}. ` +
      `Stop whatever started it (or: kill ${pid}), or name another directory.`,
  );
}

/** Pids are reused: only a process whose HOME is in this directory is its node. */
function belongsTo(pid: number, paths: NodePaths): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${paths.home}`);
  } catch {
    return false;
  }
}
