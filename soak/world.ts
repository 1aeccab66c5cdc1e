import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { type Cleanup, privateBroker } from '../bench/environment.js';
import { Management } from '../bench/management.js';
import { Worker } from '../bench/rpc.js';
import { userWord } from '../relay/src/destination.js';
import { inSeconds, secretToken } from '../relay/test/support/tokens.js';
import { Crowd } from '../torture/crowd.js';
import type { Puller } from '../torture/drain.js';
import { Ledger } from '../torture/ledger.js';
import type { PublishRequest } from '../torture/load/confirmed.js';
import { HABITS, type Received, routingKey } from '../torture/load/protocol.js';
import type { PublisherApi } from '../torture/load/publisher.js';
import type { UserPlan } from '../torture/load/user.js';
import type { VisitorsApi } from './load/visitors.js';
import type { Options } from './options.js';
import { type SoakedRelay, startRelay } from './relay.js';
import { Services } from './services.js';

/** Everything that a run has. */
export interface World extends Puller {
  relays: SoakedRelay[];
  management: Management;
  managementUrl: string;
  /** Those who come and go. */
  visitors: Worker<VisitorsApi>;
  /** Those with stompjs, who stay. */
  steady: Crowd;
  publisher: Worker<PublisherApi>;
  request: PublishRequest;
  services: Services;
  ledger: Ledger;
}

/** A day of soaking, and the end. */
const TOKEN_SECONDS = 30 * 3600;
const PULL_SECONDS = 600;

/** Starts all of it; nobody has come yet. It ends with `cleanup`. */
export async function build(options: Options, cleanup: Cleanup, log: (line: string) => void): Promise<World> {
  const { clients, steady: steadyCount, seed, logs } = options;
  if (logs !== undefined) await mkdir(logs, { recursive: true });
  const secret = randomBytes(32).toString('base64url');
  const run = randomBytes(4).toString('hex');

  log('starting the broker');
  const broker = await privateBroker(cleanup);
  const { managementUrl, amqpUrl } = broker;
  if (managementUrl === undefined) throw new Error('the broker has no management API');
  const relays: SoakedRelay[] = [];
  for (let index = 0; index < options.relays; index++) {
    relays.push(await startRelay(broker, secret, cleanup, `relay-${index}`, logs));
  }
  const urls = relays.map(({ process }) => process.url);

  const ledger = new Ledger();
  const names = Array.from({ length: clients }, (_, index) => `user-${index}@example.com`);
  const plans = await Promise.all(
    names.slice(0, steadyCount).map(async (name, index): Promise<UserPlan> => {
      const token = await secretToken(secret, { sub: name, exp: inSeconds(TOKEN_SECONDS) });
      return { name, token, habit: HABITS[index % HABITS.length] ?? 'end' };
    }),
  );
  const steady = new Crowd(1, cleanup, plans, (received) => ledger.add(received));
  await steady.open(urls, run, seed);
  await steady.leave();

  const visitors = new Worker<VisitorsApi>(new URL('./load/visitors.js', import.meta.url));
  cleanup.add(() => visitors.stop());
  visitors.onEvent = (_, data) => ledger.add(data as Received);
  await visitors.call('open', { names: names.slice(steadyCount), relays: urls, secret, run, seed });

  const services = await Services.open(amqpUrl);
  cleanup.add(() => services.close());
  const publisher = new Worker<PublisherApi>(new URL('../torture/load/publisher.js', import.meta.url));
  cleanup.add(() => publisher.stop());
  const request: PublishRequest = {
    ...{ amqpUrl, run, seed, exchange: 'relay.user', rate: options.rate },
    users: names.map((name) => ({ name, key: routingKey(userWord(name)) })),
  };
  const pullAll = (patience: number) =>
    Promise.all([visitors.call('pullAll', patience, PULL_SECONDS), steady.pullAll(patience)]);
  return {
    ...{ relays, management: new Management(managementUrl), managementUrl, visitors, steady },
    ...{ publisher, request, services, ledger, pullAll },
  };
}
