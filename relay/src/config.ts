import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { type BrokerTls, readBrokerTls } from './broker/tls.js';

/** A setting is missing or wrong. `message` names the variable and says what it takes. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The settings are not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

const flag = z
  .enum(['0', '1', 'true', 'false', 'on', 'off', 'yes', 'no'], { error: 'takes 1 or 0' })
  .transform((value) => ['1', 'true', 'on', 'yes'].includes(value));

const whole = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `takes a whole number from ${minimum} to ${maximum}` })
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, {
      error: `takes a whole number from ${minimum} to ${maximum}`,
    });

const WORKERS_MOST = 64;
const workers = z.union(
  [z.literal('auto').transform(() => Math.min(availableParallelism(), WORKERS_MOST)), whole(1, WORKERS_MOST)],
  { error: `takes a whole number from 1 to ${WORKERS_MOST}, or auto` },
);

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

const path = z.string().regex(/^\/[A-Za-z0-9/_.~-]*$/, { error: 'takes a path such as /ws' });

const url = (...schemes: string[]) =>
  z.string().refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol), {
    error: `takes a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
  });

/** A comma is part of a URL, too: only one that another URL follows divides two. */
const urls = (...schemes: string[]) =>
  z
    .string()
    .transform((value) => value.split(/\s*,\s*(?=[a-z]+:\/\/)/))
    .refine(
      (list) =>
        list.every(
          (entry) =>
            URL.canParse(entry) &&
            schemes.includes(new URL(entry).protocol) &&
            !new URL(entry).hostname.includes(','),
        ),
      {
        error: `takes a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}, or several with commas`,
      },
    )
    .refine((list) => new Set(list.map(whoAndWhere)).size === 1, {
      error: 'takes brokers of one cluster: all with the same user, password and path',
    });

function whoAndWhere(url: string): string {
  if (!URL.canParse(url)) return '';
  const { username, password, pathname } = new URL(url);
  return [username, password, pathname].join(' ');
}

/** Every environment variable that the relay reads. An empty value counts as not set. */
const variables = z.object({
  RELAY_HOST: z.string().default('127.0.0.1'),
  RELAY_PORT: whole(0, 65535).default(8080),
  RELAY_WORKERS: workers.default(1),
  RELAY_WS_PATH: path.default('/ws'),
  RELAY_SOCKJS_PATH: path
    .regex(/[^/]$/, { error: 'takes a path such as /sockjs, without a slash at its end' })
    .default('/sockjs'),
  RELAY_DEMO: flag.default(false),
  RELAY_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  RELAY_NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'takes 1 to 64 letters, digits, - or _' })
    .optional(),

  RABBITMQ_URL: urls('amqp:', 'amqps:').prefault('amqp://guest:guest@127.0.0.1:5672'),
  RABBITMQ_WEB_STOMP_URL: urls('ws:', 'wss:').optional(),
  RABBITMQ_MANAGEMENT_URL: url('http:', 'https:').optional(),
  RABBITMQ_CLIENT_USERNAME: z.string().optional(),
  RABBITMQ_CLIENT_PASSWORD: z.string().optional(),
  RABBITMQ_CA: z.string().optional(),
  RABBITMQ_CERT: z.string().optional(),
  RABBITMQ_KEY: z.string().optional(),

  RELAY_JWT_SECRET: z.string().optional(),
  RELAY_JWT_PUBLIC_KEY: z.string().optional(),
  RELAY_JWKS_URL: url('http:', 'https:').optional(),
  RELAY_JWT_ISSUER: z.string().optional(),
  RELAY_JWT_AUDIENCE: list.optional(),
  RELAY_JWT_ALGORITHMS: list.optional(),
  RELAY_JWT_REQUIRE_EXP: flag.default(false),
  RELAY_USER_CLAIM: z.string().default('sub'),
  RELAY_ROLES_CLAIM: z.string().default('roles'),
  RELAY_TENANT_CLAIM: z.string().default('tenant'),
  RELAY_GRANTS_CLAIM: z.string().optional(),
  RELAY_GRANTS_MODE: z.enum(['narrow', 'widen'], { error: 'takes narrow or widen' }).default('narrow'),
  RELAY_TOKEN_WARNING: whole(0, 3_600_000).default(60_000),
  RELAY_TICKET_TIME: whole(1000, 300_000).default(30_000),
  RELAY_MAX_TICKETS: whole(1, 1_000_000).default(10_000),
  RELAY_REVOCATION_TIME: whole(1000, 365 * 86_400_000).default(30 * 86_400_000),
  RELAY_LOGOUT_AUDIENCE: list.optional(),
  RELAY_ALLOWED_ORIGINS: list.optional(),
  RELAY_ACCESS_FILE: z.string().optional(),
  RELAY_ACCESS_DRY_RUN: flag.default(false),
  RELAY_PUBLIC_URL: url('http:', 'https:').optional(),
  RELAY_TRUSTED_PROXIES: list.optional(),
  RELAY_TLS_CERT: z.string().optional(),
  RELAY_TLS_KEY: z.string().optional(),

  RELAY_MAX_FRAME_BYTES: whole(1024, 64 * 1024 * 1024).default(1024 * 1024),
  RELAY_MAX_HEADERS: whole(8, 1000).default(128),
  RELAY_MAX_HEADER_BYTES: whole(256, 65536).default(16 * 1024),
  RELAY_MAX_SUBSCRIPTIONS: whole(1, 100_000).default(500),
  RELAY_MAX_UNACKED: whole(1, 100_000).default(200),
  RELAY_MAX_TRANSACTIONS: whole(1, 10_000).default(16),
  RELAY_MAX_QUEUED_BYTES: whole(65536, 1024 ** 3).default(8 * 1024 * 1024),
  RELAY_MAX_CONNECTIONS: whole(1, 10_000_000).default(50_000),
  RELAY_MAX_SESSIONS_PER_ADDRESS: whole(1, 10_000_000).default(10_000),
  RELAY_MAX_SESSIONS_PER_USER: whole(1, 1_000_000).default(1000),
  RELAY_MAX_SESSIONS_PER_TENANT: whole(1, 10_000_000).default(20_000),
  RELAY_CONNECT_RATE: whole(1, 1_000_000).default(20),
  RELAY_CONNECT_BURST: whole(1, 1_000_000).default(1000),
  RELAY_MAX_AUTH_FAILURES: whole(1, 1_000_000).default(600),
  RELAY_MAX_UNACKED_PER_USER: whole(1, 1_000_000).default(500),
  RELAY_SEND_RATE: whole(1, 10_000_000).default(10_000),
  RELAY_SUBSCRIBE_RATE: whole(1, 10_000_000).default(500),
  RELAY_RECEIVE_RATE: whole(1024, 1024 ** 4).default(32 * 1024 * 1024),
  RELAY_THROTTLE_TIME: whole(100, 3_600_000).default(30_000),
  RELAY_HTTP_RATE: whole(1, 1_000_000).default(200),
  RELAY_HTTP_TIMEOUT: whole(100, 600_000).default(10_000),
  RELAY_MAX_BODY_BYTES: whole(1024, 64 * 1024 * 1024).default(16 * 1024),
  RELAY_FIRST_FRAME_TIMEOUT: whole(100, 600_000).default(5000),
  RELAY_CONNECT_TIMEOUT: whole(100, 600_000).default(10_000),
  RELAY_CONFIRM_TIMEOUT: whole(1000, 600_000).default(15_000),
  RELAY_ACK_TIMEOUT: whole(1000, 86_400_000).default(60_000),
  RELAY_SEND_TIMEOUT: whole(1000, 600_000).default(60_000),
  RELAY_START_TIMEOUT: whole(100, 600_000).default(30_000),
  RELAY_PING_INTERVAL: whole(1000, 600_000).default(30_000),
  RELAY_HEARTBEAT: whole(250, 60_000).default(1000),
  RELAY_MAX_SESSION_AGE: whole(1000, 30 * 86_400_000).default(86_400_000),
  RELAY_DRAIN_TIME: whole(0, 3_600_000).default(5000),

  RELAY_SEND_LINKS: whole(1, 16).default(2),
  RELAY_BINDING_CHANNELS: whole(1, 64).default(32),
  RELAY_USER_PREFETCH: whole(1, 65535).default(2000),
  RELAY_TOPIC_PREFETCH: whole(1, 65535).default(500),
  RELAY_NODE_QUEUE_TYPE: z
    .enum(['quorum', 'classic'], { error: 'takes quorum or classic' })
    .default('quorum'),
  RELAY_NODE_TTL: whole(1000, 86_400_000).default(60_000),
  RELAY_NODE_GRACE: whole(100, 600_000).default(500),

  RELAY_MAILBOX_TYPE: z
    .enum(['auto', 'classic', 'quorum'], { error: 'takes auto, classic or quorum' })
    .default('auto'),
  RELAY_MAILBOX_EXPIRES: whole(1000, 4_000_000_000).default(30 * 86_400_000),
  RELAY_MAILBOX_AGE: whole(1000, 4_000_000_000).default(30 * 86_400_000),
  RELAY_MAILBOX_LENGTH: whole(1, 10_000_000).default(10_000),
  RELAY_MAILBOX_BYTES: whole(1024, 1024 ** 4).default(64 * 1024 * 1024),
  RELAY_INTAKE_PREFETCH: whole(1, 65535).default(500),
  RELAY_LEASE_TIME: whole(1000, 1_200_000).default(60_000),
  RELAY_MAX_LEASES: whole(1, 1900).default(1000),
});

/** The names of all settings. */
export const SETTINGS: readonly string[] = Object.keys(variables.shape);

/** How to reach the broker. `*Url` of the STOMP side never carries credentials; they stand beside it. */
export interface BrokerConfig {
  /** One for each broker of the cluster. */
  amqpUrls: readonly string[];
  /** Of the same brokers, in the same order. */
  webStompUrls: readonly string[];
  /** There are several: what must not be lost with one of them needs copies on others. */
  clustered: boolean;
  managementUrl: string | undefined;
  vhost: string;
  login: string;
  passcode: string;
  /** Who private links log in as; the same as `login` when no own user was named. */
  clientLogin: string;
  clientPasscode: string;
  /** True when private links have a broker user of their own. */
  clientSeparated: boolean;
  /** For connections to `amqps:` and `wss:`; undefined when neither URL is one. */
  tls: BrokerTls | undefined;
}

export interface RelayConfig {
  env: z.infer<typeof variables>;
  broker: BrokerConfig;
  /** PEM or JWK text, read from the file when RELAY_JWT_PUBLIC_KEY named one. */
  publicKey: string | undefined;
}

/**
 * Reads and checks the settings.
 * @throws ConfigError naming every variable that is wrong, all at once.
 */
export function readConfig(source: NodeJS.ProcessEnv): RelayConfig {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  }
  const env = parsed.data;
  const problems: string[] = [];
  const keys = [env.RELAY_JWT_SECRET, env.RELAY_JWT_PUBLIC_KEY, env.RELAY_JWKS_URL].filter(Boolean);
  if (keys.length !== 1) {
    problems.push(
      'set exactly one of RELAY_JWT_SECRET, RELAY_JWT_PUBLIC_KEY and RELAY_JWKS_URL, ' +
        'so that the relay knows how tokens are checked (npm start alone sets a secret for the demo)',
    );
  }
  if (env.RELAY_DEMO && !env.RELAY_JWT_SECRET) {
    problems.push('RELAY_DEMO needs RELAY_JWT_SECRET, because the demo issues tokens with it');
  }
  for (const [one, other] of PAIRS) {
    if (Boolean(env[one]) !== Boolean(env[other])) {
      problems.push(`${one} and ${other} go together: set both or neither`);
    }
  }
  let publicKey: string | undefined;
  try {
    publicKey = env.RELAY_JWT_PUBLIC_KEY && textOrFile(env.RELAY_JWT_PUBLIC_KEY);
  } catch {
    problems.push(
      'RELAY_JWT_PUBLIC_KEY is neither a PEM or JWK text nor the name of a file that can be read',
    );
  }
  for (const name of ['RABBITMQ_URL', 'RABBITMQ_WEB_STOMP_URL', 'RABBITMQ_MANAGEMENT_URL'] as const) {
    if (![env[name] ?? []].flat().every(decodable)) {
      problems.push(`${name} has a broken percent escape: encode user name, password and virtual host`);
    }
  }
  const { length: brokers } = env.RABBITMQ_URL;
  if (env.RABBITMQ_WEB_STOMP_URL && env.RABBITMQ_WEB_STOMP_URL.length !== brokers) {
    problems.push(
      `RABBITMQ_WEB_STOMP_URL names ${env.RABBITMQ_WEB_STOMP_URL.length} and RABBITMQ_URL ${brokers}: ` +
        'name each broker in both, in the same order',
    );
  }
  const broker = problems.length === 0 ? brokerConfig(env, problems) : undefined;
  if (!broker || problems.length > 0) throw new ConfigError(problems);
  return { env, broker, publicKey };
}

/** Variables of which one means nothing without the other. */
const PAIRS = [
  ['RABBITMQ_CLIENT_USERNAME', 'RABBITMQ_CLIENT_PASSWORD'],
  ['RABBITMQ_CERT', 'RABBITMQ_KEY'],
  ['RELAY_TLS_CERT', 'RELAY_TLS_KEY'],
] as const;

function textOrFile(value: string): string {
  const text = value.replaceAll('\\n', '\n');
  return /^\s*(-----BEGIN|\{)/.test(text) ? text : readFileSync(value, 'utf8');
}

function decodable(url: string): boolean {
  const { username, password, pathname } = new URL(url);
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function brokerConfig(env: RelayConfig['env'], problems: string[]): BrokerConfig {
  const amqp = new URL(env.RABBITMQ_URL[0] as string);
  const webStomps = (env.RABBITMQ_WEB_STOMP_URL ?? env.RABBITMQ_URL.map(besides)).map(
    (entry) => new URL(entry),
  );
  const login = decodeURIComponent(webStomps[0]?.username || amqp.username) || 'guest';
  const passcode = decodeURIComponent(webStomps[0]?.password || amqp.password) || 'guest';
  for (const webStomp of webStomps) {
    webStomp.username = '';
    webStomp.password = '';
  }
  const amqpUrls = env.RABBITMQ_URL;
  const webStompUrls = webStomps.map(({ href }) => href);
  const secure = [...amqpUrls, ...webStompUrls].some((entry) => /^(amqps|wss):/.test(entry));
  return {
    amqpUrls,
    webStompUrls,
    clustered: amqpUrls.length > 1,
    managementUrl: env.RABBITMQ_MANAGEMENT_URL,
    vhost: amqp.pathname.length > 1 ? decodeURIComponent(amqp.pathname.slice(1)) : '/',
    login,
    passcode,
    clientLogin: env.RABBITMQ_CLIENT_USERNAME ?? login,
    clientPasscode: env.RABBITMQ_CLIENT_PASSWORD ?? passcode,
    clientSeparated: env.RABBITMQ_CLIENT_USERNAME !== undefined,
    tls: brokerTls(env, secure || managementTls(env), problems),
  };
}

/** RabbitMQ has no TLS listener by default; 15673 is the port that its manual gives one. */
function besides(amqpUrl: string): string {
  const { protocol, hostname } = new URL(amqpUrl);
  return protocol === 'amqps:' ? `wss://${hostname}:15673/ws` : `ws://${hostname}:15674/ws`;
}

/**
 * The kind of mailboxes that these settings mean. A classic one is on one broker: in a cluster it would be away with it, and
 * what becomes unread meanwhile would be put aside.
 */
export function mailboxType(env: RelayConfig['env']): 'classic' | 'quorum' {
  if (env.RELAY_MAILBOX_TYPE !== 'auto') return env.RELAY_MAILBOX_TYPE;
  return env.RABBITMQ_URL.length > 1 ? 'quorum' : 'classic';
}

function managementTls({ RABBITMQ_MANAGEMENT_URL: url }: RelayConfig['env']): boolean {
  return url?.startsWith('https:') ?? false;
}

function brokerTls(env: RelayConfig['env'], wanted: boolean, problems: string[]): BrokerTls | undefined {
  const { RABBITMQ_CA, RABBITMQ_CERT, RABBITMQ_KEY } = env;
  if (!wanted) {
    if (RABBITMQ_CA ?? RABBITMQ_CERT) {
      problems.push(
        'RABBITMQ_CA, RABBITMQ_CERT and RABBITMQ_KEY are for a broker with TLS: ' +
          'make RABBITMQ_URL amqps://… and RABBITMQ_WEB_STOMP_URL wss://…, or leave them away',
      );
    }
    return undefined;
  }
  try {
    return readBrokerTls({ RABBITMQ_CA, RABBITMQ_CERT, RABBITMQ_KEY });
  } catch (error) {
    problems.push((error as Error).message);
    return undefined;
  }
}
