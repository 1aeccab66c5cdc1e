import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfirmChannel, connect } from 'amqplib';
import { type Cleanup, privateBroker } from '../../bench/environment.js';
import { Management } from '../../bench/management.js';
import { RelayProcess } from '../../bench/relay-process.js';
import { inSeconds, secretToken } from '../../relay/test/support/tokens.js';
import { ACCESS_FILE, USERS } from '../access.js';
import type { Surroundings } from './play.js';
import { LogReader } from './watch.js';

/** The broker, one relay in a process of its own, and what watches both. */
export interface World {
  relay: RelayProcess;
  management: Management;
  privateUser: string;
  channel: ConfirmChannel;
  surroundings: Surroundings;
  bystanderToken: string;
  log: LogReader;
  /** What the broker closed the connection of a service for that only reads along. */
  troubles: readonly string[];
}

/** A relay that leaks ends by itself with that much. */
const HEAP_MB = 384;

/**
 * What would only make the run longer is out of the way: how often who may come, and how much of it. What may be in
 * a frame, and how long it may take, is as always.
 */
const SETTINGS = {
  RELAY_DEMO: '0',
  ...{ RELAY_CONNECT_RATE: '1000000', RELAY_CONNECT_BURST: '1000000', RELAY_MAX_AUTH_FAILURES: '1000000' },
  ...{ RELAY_SEND_RATE: '10000000', RELAY_SUBSCRIBE_RATE: '10000000', RELAY_RECEIVE_RATE: String(2 ** 40) },
  ...{ RELAY_MAX_SESSIONS_PER_ADDRESS: '1000000', RELAY_MAX_SESSIONS_PER_USER: '1000000' },
  // What is sent to users who are not there must not fill the broker's disk.
  RELAY_MAILBOX_LENGTH: '50',
};

/** Starts all of it; it ends with `cleanup`. */
export async function build(cleanup: Cleanup): Promise<World> {
  const place = await privateBroker(cleanup);
  const { managementUrl, clientUsername } = place;
  if (!managementUrl || !clientUsername)
    throw new Error('the broker has no management API or no user for clients');
  const connection = await connect(place.amqpUrl, { noDelay: true });
  const troubles: string[] = [];
  connection.on('error', (error: Error) => troubles.push(error.message));
  cleanup.add(() => connection.close().catch(() => {}));
  const channel = await connection.createConfirmChannel();
  channel.on('error', (error: Error) => troubles.push(error.message));
  await channel.assertExchange('fuzz.exchange', 'topic', { durable: true });
  await channel.assertQueue('fuzz.fixed', { durable: true, maxLength: 1000 });

  const folder = await mkdtemp(join(tmpdir(), 'relay-fuzz-'));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const accessFile = join(folder, 'access.yaml');
  await writeFile(accessFile, ACCESS_FILE);
  const secret = randomBytes(32).toString('base64url');
  const log = new LogReader();
  const relay = await RelayProcess.start(place, secret, cleanup, {
    settings: { ...SETTINGS, RELAY_ACCESS_FILE: accessFile },
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    onOutput: (text) => log.read(text),
  });
  const sign = (claims: Record<string, unknown>) =>
    secretToken(secret, { ...claims, exp: inSeconds(12 * 3600) });
  const tokens = await Promise.all(USERS.map(({ claims }) => sign(claims)));
  const { hostname: host, port } = new URL(relay.url);
  return {
    ...{ relay, channel, log, troubles, privateUser: clientUsername },
    management: new Management(managementUrl),
    surroundings: { host, port: Number(port), tokens, secret: randomBytes(12).toString('hex'), acks: [] },
    bystanderToken: await sign({ sub: 'bystander' }),
  };
}
