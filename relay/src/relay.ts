import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { openDoor } from './admission/admission.js';
import { createSignIn } from './auth/sign-in.js';
import { createVerifier } from './auth/verifier.js';
import type { RelayConfig } from './config.js';
import { validateOrigins } from './handshake.js';
import { createHttpApp } from './http/app.js';
import { createLogger, type Logger } from './logger.js';
import { createMetrics } from './metrics.js';
import { loadPolicy } from './policy/load.js';
import { emptyPolicy, type Policy } from './policy/policy.js';
import type { SessionLimits, SessionServices } from './session/services.js';
import { Session } from './session/session.js';
import { createUpgradeHandler } from './transport/accept.js';
import { Hub } from './upstream/hub.js';

export interface Relay {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The name of this process among the relays; its queue is `relay.node.<node>`. */
  readonly node: string;
  /** Closes every client with a code that says "come back", gives back what is unproved, and leaves the broker. */
  close(): Promise<void>;
}

const SWEEP_MS = 250;

/**
 * Starts a relay and resolves once it is ready to serve.
 * @throws when a setting, the access file, the address or the broker is not usable; the message says what to do.
 */
export async function openRelay(
  config: RelayConfig,
  log = createLogger(config.env.RELAY_LOG_LEVEL),
): Promise<Relay> {
  const { env } = config;
  if (env.RELAY_ALLOWED_ORIGINS) validateOrigins(env.RELAY_ALLOWED_ORIGINS);
  const verifier = createVerifier({
    secret: env.RELAY_JWT_SECRET,
    publicKey: config.publicKey,
    jwksUrl: env.RELAY_JWKS_URL,
    issuer: env.RELAY_JWT_ISSUER,
    audience: env.RELAY_JWT_AUDIENCE,
    algorithms: env.RELAY_JWT_ALGORITHMS,
    userClaim: env.RELAY_USER_CLAIM,
    requireExp: env.RELAY_JWT_REQUIRE_EXP,
  });
  for (const warning of verifier.warnings) log.warn(warning);
  const signIn = createSignIn(verifier);
  const admission = openDoor;
  const policy = readPolicy(config, log);
  if (!config.broker.clientSeparated) {
    log.warn(
      'private links use the relay’s own broker user; give them one of their own: RABBITMQ_CLIENT_USERNAME',
    );
  }

  // Never the same twice: what an earlier process of this name has left behind is for the reaper alone.
  const node = [env.RELAY_NODE_ID ?? [], randomBytes(6).toString('hex')].flat().join('-');
  const sessions = new Set<Session>();
  const metrics = createMetrics({
    sessions: () => sessions.size,
    userRoutes: () => hub.users.routeCount,
    topicFeeds: () => hub.topics.feedCount,
    linksUp: () =>
      Object.fromEntries(Object.entries(hub.readiness().parts).map(([name, { up }]) => [name, up])),
    leases: () => hub.unread.leases.size,
  });
  const hub: Hub = new Hub(config, node, log, metrics);
  const services: SessionServices = {
    signIn,
    policy,
    users: hub.users,
    topics: hub.topics,
    unread: hub.unread,
    pickSendLink: () => hub.pickSendLink(),
    openPrivateLink: (name, events) => hub.openPrivateLink(name, events),
    limits: limitsOf(config),
    log,
    metrics,
    sessions,
  };

  const server = createServer(
    createHttpApp({
      config,
      metrics,
      readiness: () => hub.readiness(),
      log,
      signIn,
      policy,
      unread: hub.unread,
    }),
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on(
    'upgrade',
    createUpgradeHandler({
      path: env.RELAY_WS_PATH,
      allowedOrigins: env.RELAY_ALLOWED_ORIGINS,
      signIn,
      admission,
      maxFrameBytes: env.RELAY_MAX_FRAME_BYTES,
      maxQueuedBytes: env.RELAY_MAX_QUEUED_BYTES,
      log,
      onRefused: (reason) => metrics.denials.inc({ reason }),
      onTransport: (transport, seat, identity) =>
        transport.attach(new Session(transport, services, seat, identity)),
    }),
  );
  const sweep = setInterval(() => {
    const now = Date.now();
    for (const session of sessions) session.tick(now);
  }, SWEEP_MS);

  const close = async (): Promise<void> => {
    clearInterval(sweep);
    server.close();
    for (const session of [...sessions]) session.close('goingAway');
    await hub.close();
    for (const socket of sockets) socket.destroy();
  };
  try {
    await listen(server, env.RELAY_HOST, env.RELAY_PORT);
    await hub.open();
    await untilReady(hub, env.RELAY_START_TIMEOUT);
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const host = env.RELAY_HOST.includes(':') ? `[${env.RELAY_HOST}]` : env.RELAY_HOST;
  log.info({ node, port }, 'relay ready');
  return { url: `http://${host}:${port}`, node, close };
}

function readPolicy(config: RelayConfig, log: Logger): Policy {
  const { RELAY_ACCESS_FILE, RELAY_DEMO } = config.env;
  const example = [
    new URL('../access.example.yaml', import.meta.url),
    new URL('../../../relay/access.example.yaml', import.meta.url),
  ];
  if (RELAY_ACCESS_FILE) return loadPolicy(readAccessFile(RELAY_ACCESS_FILE), RELAY_ACCESS_FILE);
  if (!RELAY_DEMO) {
    log.warn('no RELAY_ACCESS_FILE: clients may subscribe to their own /user/… and do nothing else');
    return emptyPolicy;
  }
  for (const url of example) {
    try {
      return loadPolicy(readFileSync(url, 'utf8'), fileURLToPath(url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('access.example.yaml is missing; name an access file with RELAY_ACCESS_FILE');
}

function readAccessFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`RELAY_ACCESS_FILE cannot be read: ${(error as Error).message}`);
  }
}

function limitsOf({ env }: RelayConfig): SessionLimits {
  return {
    // The setting is about the body; a frame of that size still has a head.
    maxFrameBytes: env.RELAY_MAX_FRAME_BYTES + 65_536,
    maxHeaders: env.RELAY_MAX_HEADERS,
    maxHeaderBytes: env.RELAY_MAX_HEADER_BYTES,
    maxSubscriptions: env.RELAY_MAX_SUBSCRIPTIONS,
    maxUnacked: env.RELAY_MAX_UNACKED,
    maxTransactions: env.RELAY_MAX_TRANSACTIONS,
    maxQueuedBytes: env.RELAY_MAX_QUEUED_BYTES,
    connectTimeout: env.RELAY_CONNECT_TIMEOUT,
    confirmTimeout: env.RELAY_CONFIRM_TIMEOUT,
    ackTimeout: env.RELAY_ACK_TIMEOUT,
    pingInterval: env.RELAY_PING_INTERVAL,
    heartbeat: env.RELAY_HEARTBEAT,
    maxAge: env.RELAY_MAX_SESSION_AGE,
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new Error(`port ${port} is in use; set RELAY_PORT to another one, or to 0 for a free one`)
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
}

async function untilReady(hub: Hub, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!hub.readiness().ready) {
    if (hub.refused || Date.now() > deadline) {
      const missing = Object.entries(hub.readiness().parts)
        .filter(([, { up }]) => !up)
        .map(([name, { error }]) => `  - ${name}: ${error ?? 'not up yet'}`);
      throw new Error(
        `the broker is not usable; check RABBITMQ_URL and RABBITMQ_WEB_STOMP_URL:\n${missing.join('\n')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
