#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { COMMAND_LIST, isCommand, runCommand } from './cli/run.js';
import { processTerminal } from './cli/terminal.js';
import { ConfigError, readConfig } from './config.js';
import { LogLevel } from './log-level.js';
import { logOutput } from './log-output.js';
import { createLogger } from './logger.js';
import { ProcessEnd } from './process-end.js';
import { readArguments, WORKER } from './workers/messages.js';
import { alone } from './workers/place.js';
import { type Hand, runCrew } from './workers/run.js';
import { Worker } from './workers/worker.js';

const HELP = `stomp-relay – a STOMP-over-WebSocket relay in front of RabbitMQ

Usage: stomp-relay [--help]
${COMMAND_LIST}

It is set up by environment variables. The most important ones:
  RELAY_HOST, RELAY_PORT     where to listen (127.0.0.1, 8080; port 0 = a free one)
  RELAY_WORKERS              processes that share the port: a number, or auto for one per core (1)
  RABBITMQ_URL               the broker, amqp://user:password@host:5672/vhost; several with commas for a cluster
  RABBITMQ_WEB_STOMP_URL     its Web-STOMP endpoint (default: same host, port 15674, path /ws)
  RABBITMQ_CLIENT_USERNAME, RABBITMQ_CLIENT_PASSWORD
                             broker user of private links; must not reach names that start with relay.
  RELAY_JWT_SECRET | RELAY_JWT_PUBLIC_KEY | RELAY_JWKS_URL
                             how tokens are checked: exactly one of the three
  RELAY_JWT_ISSUER, RELAY_JWT_AUDIENCE, RELAY_JWT_ALGORITHMS, RELAY_USER_CLAIM
                             what a token must say, and which claim names the user (sub)
  RELAY_TLS_CERT, RELAY_TLS_KEY
                             serve TLS: certificate and private key (PEM files)
  RELAY_TRUSTED_PROXIES      proxies in front, such as loopback or 10.0.0.0/8: without it all clients share their limits
  RELAY_ALLOWED_ORIGINS      pages that may connect, comma-separated (default: only this host's own)
  RELAY_ACCESS_FILE          who may read and write what (YAML)
  RELAY_DEMO                 1 = demo tokens at POST /demo/token and the demo's rules
  RELAY_LOG_LEVEL            fatal, error, warn, info, debug, trace or silent (info)
All of them with their limits are listed in relay/PROTOCOL.md.`;

/** Tells whoever started this process, when it listens. */
function tell(
  message:
    | { type: 'ready'; url: string; node: string; workers?: readonly Hand[] }
    | { type: 'failed'; message: string },
): void {
  if (process.connected) process.send?.(message);
}

async function main(): Promise<void> {
  const [command, ...args] = process.argv.slice(2);
  // Without whoever starts workers it is no command.
  if (command === WORKER && process.connected) return runWorker(args);
  if (isCommand(command)) {
    process.exitCode = await runCommand(command, args, processTerminal);
    return;
  }
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    console.log(HELP);
    return;
  }
  const wrong = process.argv[2];
  if (wrong !== undefined) {
    // Said again it would stand in the terminal's history twice, and in the log of whoever runs this.
    const shown = wrong.startsWith('eyJ') ? 'a token' : JSON.stringify(wrong.slice(0, 40));
    throw new Error(`${shown} is no command; see --help`);
  }
  const config = readConfig(process.env);
  const output = logOutput();
  const log = createLogger(config.env.RELAY_LOG_LEVEL, output.stream);
  if (config.env.RELAY_WORKERS > 1) {
    const workers = await runCrew(fileURLToPath(import.meta.url), config, log, output);
    tell({ type: 'ready', ...workers });
    return;
  }
  const end = ProcessEnd.onSignal(log, output);
  const logLevel = LogLevel.onSignal(log);
  const { openRelay } = await import('./relay.js');
  const relay = await openRelay(config, log, alone(config.env), logLevel);
  end.closes(relay, config.env.RELAY_DRAIN_TIME);
  tell({ type: 'ready', url: relay.url, node: relay.node });
}

/** One of the workers of a relay: a relay as any other, which says where it stands to whoever started it. */
async function runWorker(args: readonly string[]): Promise<void> {
  const place = readArguments(args);
  const config = readConfig(process.env);
  const worker = new Worker(place, config.env);
  try {
    const output = logOutput();
    const log = createLogger(config.env.RELAY_LOG_LEVEL, output.stream).child({
      worker: place.slot,
      pid: process.pid,
    });
    const end = ProcessEnd.onSignal(log, output, worker.signals);
    const logLevel = LogLevel.onSignal(log);
    const { openRelay } = await import('./relay.js');
    const relay = await openRelay(config, log, worker, logLevel);
    end.closes(relay, config.env.RELAY_DRAIN_TIME);
    worker.tell({ type: 'ready', node: relay.node });
  } catch (error) {
    // It is said once, by the process that started this one.
    worker.fail(error instanceof Error ? error.message : String(error));
  }
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof ConfigError ? message : `stomp-relay: ${message}`);
  tell({ type: 'failed', message });
  process.exitCode = 1;
});
