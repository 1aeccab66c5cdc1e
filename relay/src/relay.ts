import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { grantOptions, readAccessFile } from './access-file.js';
import type { Seat } from './admission/admission.js';
import { createAdmission } from './admission/create.js';
import { LimitLog } from './admission/limit-log.js';
import { type Auth, createAuth } from './auth/create.js';
import type { Identity } from './auth/identity.js';
import type { RelayConfig } from './config.js';
import { DenialLog } from './denial-log.js';
import { Departure } from './departure.js';
import { drain } from './drain.js';
import { dryRunLog } from './dry-run-log.js';
import { validateOrigins } from './handshake.js';
import { createHttpApp } from './http/app.js';
import { createClientOrigin } from './http/client-address.js';
import { deadlines, limitSockets } from './http/deadlines.js';
import { levelSchema } from './http/log-level.js';
import { createTlsServer } from './http/tls.js';
import { addressOf } from './listen.js';
import { LogBudget } from './log-budget.js';
import { LogLevel } from './log-level.js';
import { createLogger, type Logger } from './logger.js';
import { createMetrics, type Metrics } from './metrics.js';
import { type Access, createAccess } from './policy/access.js';
import { loadPolicy } from './policy/load.js';
import { emptyPolicy } from './policy/policy.js';
import { limitsOf } from './session/limits.js';
import type { SessionServices } from './session/services.js';
import { Session } from './session/session.js';
import { UserUnacked } from './session/unacked.js';
import { Tracing } from './tracing.js';
import { createUpgradeHandler } from './transport/accept.js';
import { WriteScheduler } from './transport/scheduler.js';
import { SockjsGate } from './transport/sockjs/gate.js';
import type { OpenedTransport } from './transport/transport.js';
import { Hub } from './upstream/hub.js';
import { createPublish } from './upstream/publish.js';
import { alone, type Place } from './workers/place.js';

export interface Relay {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The name of this process among the relays; its queue is `relay.node.<node>`. */
  readonly node: string;
  /** Lets nobody in any more, and tells clients to move, spread over `time` milliseconds; at once when there are none. */
  drain(time: number): Promise<void>;
  /** Closes every client with a code that says "come back", gives back what is unproved, and leaves the broker. */
  close(): Promise<void>;
}

/** How relays tell each other how much to log. */
const LEVEL_MESSAGE = 'log-level';
const SWEEP_MS = 250;
/** How long a relay that ends waits for clients between two requests to come and be told. */
const TELL_MS = 3000;
/** How long a request to publish waits for the broker. */
const PUBLISH_WAIT_MS = 5000;

/**
 * Starts a relay and resolves once it is ready to serve.
 * @param place whether it has a port of its own, which is the default, or shares one with other processes.
 * @throws when a setting, the access file, the address or the broker is not usable; the message says what to do.
 */
export async function openRelay(
  config: RelayConfig,
  log = createLogger(config.env.RELAY_LOG_LEVEL),
  place: Place = alone(config.env),
  logLevel = new LogLevel(log),
): Promise<Relay> {
  const { env } = config;
  if (env.RELAY_ALLOWED_ORIGINS) validateOrigins(env.RELAY_ALLOWED_ORIGINS);
  const ownOrigin = createClientOrigin(env.RELAY_TRUSTED_PROXIES ?? [], (peer) =>
    log.warn(
      { peer },
      'X-Forwarded-For was ignored: RELAY_TRUSTED_PROXIES does not name this peer. If it is your proxy, name it; ' +
        'until then all its clients share one address and the limits of one',
    ),
  );
  const clientOrigin = place.clientOrigin(ownOrigin);
  const policy = readPolicy(config, log, () => metrics);
  if (!config.broker.clientSeparated) {
    log.warn(
      'private links use the relay’s own broker user; give them one of their own: RABBITMQ_CLIENT_USERNAME',
    );
  }
  const { amqpUrls, webStompUrls } = config.broker;
  if (config.broker.tls && [...amqpUrls, ...webStompUrls].some((url) => /^(amqp|ws):/.test(url))) {
    log.warn(
      'one of RABBITMQ_URL and RABBITMQ_WEB_STOMP_URL is without TLS: passwords go to the broker in the clear',
    );
  }

  const { RELAY_MAILBOX_TYPE: mailbox, RELAY_NODE_QUEUE_TYPE: nodeQueue } = env;
  if (config.broker.clustered && [mailbox, nodeQueue].includes('classic')) {
    log.warn(
      'RELAY_MAILBOX_TYPE and RELAY_NODE_QUEUE_TYPE should not be classic with several brokers: what is in such a queue is ' +
        'out of reach while its broker is down',
    );
  }

  // Never the same twice: what an earlier process of this name has left behind is for the reaper alone.
  const node = [env.RELAY_NODE_ID ?? [], randomBytes(6).toString('hex')].flat().join('-');
  const sessions = new Set<Session>();
  const metrics: Metrics = createMetrics({
    sessions: () => sessions.size,
    userRoutes: () => hub.users.routeCount,
    topicFeeds: () => hub.topics.feedCount,
    linksUp: () =>
      Object.fromEntries(Object.entries(hub.readiness().parts).map(([name, { up }]) => [name, up])),
    linkConnects: () => hub.linkConnects(),
    unconfirmed: () => hub.unconfirmed(),
    traffic: () => metrics.traffic.total(sessions),
    leases: () => hub.unread.leases.size,
    brokerAlarm: () => hub.alarm.congested,
    tickets: () => auth.tickets.size,
    revocations: () => auth.revocations.size,
  });
  const tracing = Tracing.find();
  const sessionLog = new LogBudget(log, {
    about: 'sessions',
    each: { burst: 60, rate: 0.5 },
    all: { burst: 20_000, rate: 100 },
    onLeftOut: () => metrics.linesLeftOut.inc({ about: 'sessions' }),
  });
  const denials = new DenialLog(log, () => metrics.linesLeftOut.inc({ about: 'denials' }));
  const hub: Hub = new Hub(config, node, log, metrics, tracing);
  hub.inbox.on(LEVEL_MESSAGE, (body) => {
    const { data } = levelSchema.safeParse(body);
    if (data) logLevel.set(data.level, data.for);
  });
  const limitLog = new LimitLog(log);
  const onLimit = (limit: string) => {
    metrics.limits.inc({ limit });
    limitLog.note(limit);
  };
  const admission = createAdmission(env, onLimit);
  const auth: Auth = createAuth(config, {
    inbox: hub.inbox,
    revocationLog: hub.revocations,
    sessions,
    log,
    onLimit,
    check: policy.checkGrants,
  });
  const { signIn } = auth;
  const services: SessionServices = {
    node,
    signIn,
    policy,
    users: hub.users,
    topics: hub.topics,
    unread: hub.unread,
    unacked: new UserUnacked(env.RELAY_MAX_UNACKED_PER_USER),
    alarm: hub.alarm,
    pickSendLink: () => hub.pickSendLink(),
    openPrivateLink: (name, events) => hub.openPrivateLink(name, events),
    limits: limitsOf(config),
    log,
    sessionLog,
    denials,
    metrics,
    tracing,
    sessions,
  };

  const departure = new Departure();
  const doors = {
    departure,
    allowedOrigins: env.RELAY_ALLOWED_ORIGINS,
    clientOrigin,
    signIn,
    admission,
    scheduler: new WriteScheduler(),
    maxFrameBytes: env.RELAY_MAX_FRAME_BYTES,
    maxQueuedBytes: env.RELAY_MAX_QUEUED_BYTES,
    log,
    denials,
    onRefused: (reason: string) => metrics.denials.inc({ reason }),
    onTransport: (transport: OpenedTransport, seat: Seat, identity: Identity | undefined) =>
      transport.attach(new Session(transport, services, seat, identity)),
  };
  const sockjs = new SockjsGate({
    ...doors,
    path: env.RELAY_SOCKJS_PATH,
    failures: auth.failures,
    requestRate: env.RELAY_HTTP_RATE,
    patience: env.RELAY_CONFIRM_TIMEOUT,
    onLimit,
  });
  const app = createHttpApp({
    sockjs: place.sockjs(sockjs.handle),
    departure,
    config,
    metrics,
    scrape: place.scrape(metrics.registry),
    readiness: () => {
      const readiness = { ...hub.readiness(), workers: place.standing() };
      return departure.isLeaving ? { ...readiness, ready: false, draining: true } : readiness;
    },
    log,
    denials,
    tracing,
    logLevel,
    tellOthers: (setting) => hub.inbox.tellAll(LEVEL_MESSAGE, setting),
    clientOrigin,
    ...auth,
    onLimit,
    policy,
    unread: hub.unread,
    cutLinks: () => hub.cutLinks(),
    publish: createPublish({
      pickSendLink: () => hub.pickSendLink(),
      alarm: hub.alarm,
      wait: PUBLISH_WAIT_MS,
      highWater: env.RELAY_MAX_QUEUED_BYTES,
    }),
  });
  const { RELAY_TLS_CERT: cert, RELAY_TLS_KEY: key } = env;
  const times = deadlines(env.RELAY_HTTP_TIMEOUT);
  const server: Server =
    cert && key ? createTlsServer({ cert, key }, times, app, log) : createServer(times, app);
  limitSockets(server, {
    connections: env.RELAY_MAX_CONNECTIONS,
    onDropped: () => onLimit('RELAY_MAX_CONNECTIONS'),
    // Not for the log: browsers open sockets ahead and let them be.
    onLate: () => metrics.limits.inc({ limit: 'RELAY_HTTP_TIMEOUT' }),
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    // It comes once: `once` would keep three objects more for each client.
    socket.on('close', () => sockets.delete(socket));
  });
  server.on(
    'upgrade',
    createUpgradeHandler({ ...doors, path: env.RELAY_WS_PATH, sockjsPath: env.RELAY_SOCKJS_PATH }),
  );
  const sweep = setInterval(() => {
    // Not before what has arrived has been read: after a second in which this process stood still, everybody seems late.
    setImmediate(() => {
      const now = Date.now();
      for (const session of sessions) session.tick(now);
      hub.tick();
    });
  }, SWEEP_MS);

  const leave = async (time: number): Promise<void> => {
    departure.stage = 'draining';
    log.info({ sessions: sessions.size, time }, 'draining');
    log.info(await drain(sessions, time), 'drained');
  };
  const close = async (): Promise<void> => {
    departure.stage = 'closing';
    clearInterval(sweep);
    for (const session of [...sessions]) session.close('goingAway');
    await Promise.all([hub.close(), sockjs.told(TELL_MS)]);
    server.close();
    sockjs.close();
    place.close();
    for (const socket of sockets) socket.destroy();
  };
  let port: number;
  try {
    port = await place.listen(server, app);
    await hub.open();
    await untilReady(hub, env.RELAY_START_TIMEOUT);
  } catch (error) {
    await close();
    throw error;
  }
  log.info({ node, port }, 'relay ready');
  return { url: addressOf(env, port), node, drain: leave, close };
}

function readPolicy({ env }: RelayConfig, log: Logger, metrics: () => Metrics): Access {
  const file = readAccessFile(env);
  if (!file) log.warn('no RELAY_ACCESS_FILE: clients may subscribe to their own /user/… and do nothing else');
  if (env.RELAY_ACCESS_DRY_RUN)
    log.warn(
      'RELAY_ACCESS_DRY_RUN: EVERYBODY WITH A TOKEN MAY SUBSCRIBE AND SEND ALMOST EVERYWHERE; what the access file ' +
        'would deny is only logged. Set it to 0 as soon as you have seen enough',
    );
  return createAccess(
    file ? loadPolicy(file.text, file.name, { rolesClaim: env.RELAY_ROLES_CLAIM }) : emptyPolicy,
    {
      grants: grantOptions(env),
      onLetThrough: env.RELAY_ACCESS_DRY_RUN ? dryRunLog(log, metrics) : undefined,
    },
  );
}

async function untilReady(hub: Hub, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!hub.readiness().ready) {
    if (hub.refused || Date.now() > deadline) {
      const missing = Object.entries(hub.readiness().parts)
        .filter(([, { up }]) => !up)
        .map(([name, { error }]) => `  - ${name}: ${error ?? 'not up yet'}`);
      throw new Error(
        `the broker is not usable; check RABBITMQ_URL and RABBITMQ_WEB_STOMP_URL:\n${missing.join('\n')}\n` +
          'With the same settings, "npx stomp-relay doctor" says what is wrong and how to mend it.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
