import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Cleanup } from '../bench/environment.js';
import { Worker } from '../bench/rpc.js';
import type { Broker } from '../rabbitmq/launcher/index.js';
import { isFree } from '../rabbitmq/launcher/ports.js';
import { userWord } from '../relay/src/destination.js';
import { inSeconds, secretToken } from '../relay/test/support/tokens.js';
import { killableBroker } from './broker.js';
import { Crowd } from './crowd.js';
import { Ledger } from './ledger.js';
import type { PublishRequest } from './load/confirmed.js';
import { routingKey } from './load/protocol.js';
import type { PublisherApi } from './load/publisher.js';
import type { UserPlan } from './load/user.js';
import type { Options } from './options.js';
import { Random } from './random.js';
import { KillableRelay, openLinks } from './relay.js';

/** Everything that a run has: what is tested, who uses it, and who keeps the books. */
export interface World {
  broker: Broker;
  relays: KillableRelay[];
  crowd: Crowd;
  publisher: Worker<PublisherApi>;
  request: PublishRequest;
  ledger: Ledger;
}

const TOKEN_SECONDS = 12 * 3600;

/** Starts all of it; when this resolves, every user is subscribed. What was started ends with `cleanup`. */
export async function build(options: Options, cleanup: Cleanup, log: (line: string) => void): Promise<World> {
  const { seed, logs } = options;
  if (logs !== undefined) await mkdir(logs, { recursive: true });
  const secret = randomBytes(32).toString('base64url');
  const run = randomBytes(4).toString('hex');

  log('starting the broker');
  const broker = await killableBroker(cleanup, logs);
  const random = new Random(seed);
  const relays: KillableRelay[] = [];
  const settings = {
    RELAY_JWT_SECRET: secret,
    RELAY_CONFIRM_TIMEOUT: String(options.confirmTimeout),
    RELAY_NODE_TTL: String(options.nodeTtl),
    // What a frozen client had pulled and cannot acknowledge must be back before the run is over.
    RELAY_LEASE_TIME: '10000',
    RABBITMQ_MANAGEMENT_URL: broker.managementUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
  };
  for (let index = 0; index < options.relays; index++) {
    const links = await openLinks(broker, cleanup);
    const port = await freePort(random);
    relays.push(new KillableRelay(`relay-${index}`, port, links, settings, cleanup, logs));
    await relays[index]?.start();
  }

  const users = await Promise.all(
    Array.from({ length: options.users }, async (_, index): Promise<UserPlan> => {
      const name = `user-${index}@example.com`;
      const token = await secretToken(secret, { sub: name, exp: inSeconds(TOKEN_SECONDS) });
      return { name, token, habit: options.habits[index % options.habits.length] ?? 'end' };
    }),
  );
  const ledger = new Ledger();
  const crowd = new Crowd(options.processes, cleanup, users, (received) => ledger.add(received));
  const urls = relays.map((relay) => relay.url);
  await crowd.open(urls, run, seed);
  log(`${users.length} users in ${options.processes} processes are subscribed on ${relays.length} relays`);

  const publisher = new Worker<PublisherApi>(new URL('./load/publisher.js', import.meta.url));
  cleanup.add(() => publisher.stop());
  const request: PublishRequest = {
    amqpUrl: broker.amqpUrl,
    run,
    seed,
    exchange: 'relay.user',
    users: users.map(({ name }) => ({ name, key: routingKey(userWord(name)) })),
    rate: options.rate,
  };
  return { broker, relays, crowd, publisher, request, ledger };
}

/** Below the range for outgoing connections, one of which could take the port while the relay is dead. */
async function freePort(random: Random): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const port = 20_000 + random.below(12_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port on 127.0.0.1 between 20000 and 32000');
}
