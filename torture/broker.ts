import { createWriteStream } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from '../bench/environment.js';
import { type Broker, startBroker } from '../rabbitmq/launcher/index.js';

/** Starts the broker of the run, which can be killed and restarted; it and its data are gone after `cleanup`. */
export async function killableBroker(cleanup: Cleanup, logs: string | undefined): Promise<Broker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'relay-torture-'));
  cleanup.add(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const file = logs === undefined ? undefined : createWriteStream(join(logs, 'broker.log'));
  const starting = startBroker({ dataDir, log: (line) => file?.write(`${line}\n`) });
  // Registered before it is up, so that an end during the start does not leave it behind.
  cleanup.add(async () => {
    const broker = await starting.catch(() => undefined);
    await broker?.stop();
    file?.end();
    // What it writes itself says more than what it prints, and is about to be removed.
    if (logs !== undefined) await cp(join(dataDir, 'log'), join(logs, 'broker'), { recursive: true });
  });
  return starting;
}

/** Queues on the way of a user's messages; other queues of the relays keep what is no mail. */
const MAIL = /^relay\.(node|unread)\.(?!dropped$)/;

/** How much of one queue the broker holds: waiting and given out. */
export interface QueueSize {
  name: string;
  messages: number;
}

/**
 * The queues for users' messages that hold something, by the management API. What it says may be some seconds old.
 * @throws Error when the API does not answer.
 */
export async function heldMessages(managementUrl: string): Promise<QueueSize[]> {
  const { origin, username, password } = new URL(managementUrl);
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const response = await fetch(`${origin}/api/queues?columns=name,messages`, {
    headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the management API answered ${response.status}`);
  const queues = (await response.json()) as { name: string; messages?: number }[];
  return queues
    .filter(({ name, messages }) => MAIL.test(name) && (messages ?? 0) > 0)
    .map(({ name, messages = 0 }) => ({ name, messages }));
}
