#!/usr/bin/env node
import { ConfigError, readConfig } from './config.js';
import { createLogger } from './logger.js';
import { openRelay } from './relay.js';

const HELP = `stomp-relay – a STOMP-over-WebSocket relay in front of RabbitMQ

Usage: stomp-relay [--help]

It is set up by environment variables. The most important ones:
  RELAY_HOST, RELAY_PORT     where to listen (127.0.0.1, 8080; port 0 = a free one)
  RABBITMQ_URL               the broker, amqp://user:password@host:5672/vhost
  RABBITMQ_WEB_STOMP_URL     its Web-STOMP endpoint (default: same host, port 15674, path /ws)
  RABBITMQ_CLIENT_USERNAME, RABBITMQ_CLIENT_PASSWORD
                             broker user of private links; must not reach names that start with relay.
  RELAY_JWT_SECRET | RELAY_JWT_PUBLIC_KEY | RELAY_JWKS_URL
                             how tokens are checked: exactly one of the three
  RELAY_JWT_ISSUER, RELAY_JWT_AUDIENCE, RELAY_JWT_ALGORITHMS, RELAY_USER_CLAIM
                             what a token must say, and which claim names the user (sub)
  RELAY_ALLOWED_ORIGINS      pages that may connect, comma-separated (default: only this host's own)
  RELAY_ACCESS_FILE          who may read and write what (YAML)
  RELAY_DEMO                 1 = demo tokens at POST /demo/token and the demo's rules
  RELAY_LOG_LEVEL            fatal, error, warn, info, debug, trace or silent (info)
All of them with their limits are listed in relay/PROTOCOL.md.`;

/** Tells whoever started this process, when it listens. */
function tell(
  message: { type: 'ready'; url: string; node: string } | { type: 'failed'; message: string },
): void {
  process.send?.(message);
}

async function main(): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    console.log(HELP);
    return;
  }
  if (process.argv.length > 2) throw new Error(`unknown argument ${process.argv[2]}; see --help`);
  const config = readConfig(process.env);
  const log = createLogger(config.env.RELAY_LOG_LEVEL);
  const relay = await openRelay(config, log);
  let leaving = false;
  const leave = (signal: string): void => {
    if (leaving) process.exit(1);
    leaving = true;
    log.info({ signal }, 'leaving');
    relay.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'could not leave in order');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  // Whoever started this process with an IPC channel is gone: nobody would end it otherwise.
  process.on('disconnect', () => leave('disconnect'));
  tell({ type: 'ready', url: relay.url, node: relay.node });
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof ConfigError ? message : `stomp-relay: ${message}`);
  tell({ type: 'failed', message });
  process.exitCode = 1;
});
