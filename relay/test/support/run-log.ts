import { randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import { createLogger, type Logger } from '../../src/logger.js';

/** Where `npm test` gathers everything that relays log, to look through it for secrets at the end. */
const folder = process.env.RELAY_TEST_LOGS;

/** A logger that keeps everything, down to trace, in a file of its own; without `npm test` nothing is kept. */
export function runLog(): Logger {
  if (folder === undefined) return createLogger('silent');
  const name = `relay-${process.pid}-${randomBytes(4).toString('hex')}.log`;
  return createLogger('trace', pino.destination({ dest: join(folder, name), sync: true }));
}

/** Something that must be in no log. Tokens need not be named: they are known by their looks. */
export function keepSecret(secret: string): string {
  if (folder !== undefined) appendFileSync(join(folder, 'secrets.txt'), `${secret}\n`);
  return secret;
}

/** Keeps the log files of a broker that is about to be removed. */
export function keepLogs(dataDir: string): void {
  if (folder === undefined) return;
  for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.log') || !/(^|\/)log\//.test(name)) continue;
    copyFileSync(
      join(dataDir, name),
      join(folder, `broker-${randomBytes(4).toString('hex')}-${basename(name)}`),
    );
  }
}
