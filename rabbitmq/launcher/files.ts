import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeIdentity } from './identity.js';
import type { Ports } from './ports.js';
import { type NodeTls, tlsLines, tlsTerms } from './tls.js';

/** Paths inside the data directory of one node. */
export function nodePaths(dataDir: string) {
  const config = join(dataDir, 'config');
  const log = join(dataDir, 'log');
  return {
    dataDir,
    config,
    log,
    home: join(dataDir, 'home'),
    database: join(dataDir, 'database'),
    configFile: join(config, 'rabbitmq.conf'),
    advancedFile: join(config, 'advanced.config'),
    envFile: join(config, 'rabbitmq-env.conf'),
    extraConfigs: join(config, 'conf.d'),
    definitions: join(config, 'definitions.json'),
    enabledPlugins: join(config, 'enabled_plugins'),
    cookie: join(dataDir, 'home', '.erlang.cookie'),
    logFile: join(log, 'broker.log'),
    pidFile: join(dataDir, 'broker.pid'),
  };
}

export type NodePaths = ReturnType<typeof nodePaths>;

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivate(file: string, content: string, mode = 0o600): void {
  const temporary = `${file}.${process.pid}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { mode });
  chmodSync(temporary, mode);
  renameSync(temporary, file);
}

/** Writes everything that the node reads at its start. `source` is the folder `rabbitmq/` of the project. */
export function writeNodeFiles(
  paths: NodePaths,
  source: string,
  identity: NodeIdentity,
  ports: Ports,
  { tls, members }: { tls?: NodeTls | undefined; members?: readonly string[] | undefined } = {},
): void {
  for (const folder of [paths.config, paths.extraConfigs, paths.log, paths.home, paths.database]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  writePrivate(paths.cookie, identity.cookie, 0o400);
  writePrivate(paths.envFile, '');
  copyFileSync(join(source, 'enabled_plugins'), paths.enabledPlugins);
  const shared = readFileSync(join(source, 'rabbitmq.conf'), 'utf8');
  const lines = [
    ...listeners(ports),
    ...(tls ? tlsLines(tls, ports) : []),
    // A cluster gets them once it is whole: the first node alone would make every queue for itself.
    ...(members ? clusterLines(members, identity) : [`load_definitions = ${paths.definitions}`]),
  ];
  writePrivate(paths.configFile, `${shared}\n${lines.join('\n')}\n`);
  if (tls) writePrivate(paths.advancedFile, tlsTerms(tls, ports));
  // What an earlier start left behind would count.
  else rmSync(paths.advancedFile, { force: true });
  const definitions = readFileSync(join(source, 'definitions.json'), 'utf8');
  writePrivate(paths.definitions, renderDefinitions(definitions, identity));
}

function listeners(ports: Ports): string[] {
  return [
    `listeners.tcp.local = 127.0.0.1:${ports.amqp}`,
    'web_stomp.tcp.ip = 127.0.0.1',
    `web_stomp.tcp.port = ${ports.webStomp}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${ports.management}`,
    'prometheus.tcp.ip = 127.0.0.1',
    `prometheus.tcp.port = ${ports.prometheus}`,
  ];
}

/** @param members the names of all nodes of the cluster. */
function clusterLines(members: readonly string[], { brokerPassword }: NodeIdentity): string[] {
  return [
    'cluster_formation.peer_discovery_backend = classic_config',
    ...members.map((member, i) => `cluster_formation.classic_config.nodes.${i + 1} = ${member}`),
    'cluster_partition_handling = pause_minority',
    'default_user = relay',
    `default_pass = ${brokerPassword}`,
    'default_user_tags.administrator = true',
  ];
}

/**
 * Puts the passwords into definitions.json.
 * @throws Error for a placeholder with no value, because a node would take it for the password.
 */
export function renderDefinitions(
  template: string,
  passwords: { brokerPassword: string; clientPassword: string },
): string {
  const values = new Map([
    ['RELAY_BROKER_PASSWORD', passwords.brokerPassword],
    ['RELAY_CLIENT_PASSWORD', passwords.clientPassword],
  ]);
  return template.replace(/\$\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`definitions.json has ${placeholder}, which nothing fills`);
    return value;
  });
}

// Stops the node in order when its standard input ends: on stop(), and when the launcher is gone. After a bare
// SIGTERM the management plugin's event handler calls the application controller while that waits for it, which
// costs 5 s every time; without the handler the node is down in less than one. No spaces: a shell splits it.
const stopAtEndOfInput = [
  'spawn(fun()->P=open_port({fd,0,0},[in,eof]),(receive{P,eof}->',
  '(catch(gen_event:delete_handler(rabbit_event,rabbit_mgmt_db_handler,[]))),',
  'init:stop()end)',
  'end).',
].join('');

/**
 * The whole environment of the node. The caller's own `RABBITMQ_*` and `ERL_*` are left out on purpose:
 * one stray variable would send the node to the system's files.
 */
export function nodeEnvironment(
  paths: NodePaths,
  identity: NodeIdentity,
  ports: Ports,
  outer: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  return {
    PATH: outer.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    ...(outer.TZ === undefined ? {} : { TZ: outer.TZ }),
    HOME: paths.home,
    ERL_CRASH_DUMP_BYTES: '0',
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: identity.nodeName,
    RABBITMQ_USE_LONGNAME: 'false',
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_CONF_ENV_FILE: paths.envFile,
    RABBITMQ_CONFIG_FILE: paths.configFile,
    RABBITMQ_CONFIG_FILES: paths.extraConfigs,
    RABBITMQ_ADVANCED_CONFIG_FILE: paths.advancedFile,
    RABBITMQ_GENERATED_CONFIG_DIR: join(paths.config, 'generated'),
    RABBITMQ_ENABLED_PLUGINS_FILE: paths.enabledPlugins,
    RABBITMQ_MNESIA_BASE: paths.database,
    RABBITMQ_MNESIA_DIR: join(paths.database, 'node'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(paths.database, 'feature_flags'),
    RABBITMQ_PLUGINS_EXPAND_DIR: join(paths.database, 'plugins'),
    RABBITMQ_LOG_BASE: paths.log,
    RABBITMQ_LOGS: paths.logFile,
    RABBITMQ_PID_FILE: paths.pidFile,
    // Nodes side by side must not all pin their first scheduler to the same core.
    RABBITMQ_SCHEDULER_BIND_TYPE: 'u',
    // Makes the script exec Erlang instead of waiting for it: the child's pid is the broker's pid.
    RUNNING_UNDER_SYSTEMD: 'true',
    // +sbw…: idle schedulers must not spin on a shared machine. +B i: Ctrl-C is the launcher's to handle.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      '+sbwt none +sbwtdcpu none +sbwtdio none +B i',
      '-kernel inet_dist_use_interface {127,0,0,1}',
      '-start_epmd false',
      `-eval ${stopAtEndOfInput}`,
    ].join(' '),
  };
}
