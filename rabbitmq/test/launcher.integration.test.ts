import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Broker, startBroker } from '../launcher/index.js';

const folders: string[] = [];
const onCrash = vi.fn();
let dataDir: string;
let broker: Broker;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'relay-launcher-'));
  folders.push(made);
  return made;
}

async function onConnection<T>(target: Broker, work: (connection: ChannelModel) => Promise<T>): Promise<T> {
  const connection = await connect(target.amqpUrl);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

function send(target: Broker, queue: string, body: string): Promise<void> {
  return onConnection(target, async (connection) => {
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
    await channel.waitForConfirms();
  });
}

async function keep(target: Broker, queue: string, body: string): Promise<void> {
  await onConnection(target, async (connection) => {
    await (await connection.createChannel()).assertQueue(queue, { durable: true });
  });
  await send(target, queue, body);
}

function kept(target: Broker, queue: string): Promise<string> {
  return onConnection(target, async (connection) => {
    const channel = await connection.createChannel();
    const message = await channel.get(queue, { noAck: true });
    return message ? message.content.toString() : 'nothing';
  });
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Of our children, those that belong to the node: the broker and its port mapper. */
function nodeProcesses(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return children
    .trim()
    .split(/\s+/)
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(`HOME=${dataDir}/home`));
}

beforeAll(async () => {
  dataDir = folder();
  broker = await startBroker({ dataDir, onCrash });
});

afterAll(async () => {
  await broker.stop();
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

// The tests of this group are chapters in the life of one node, in order.
describe('a private node', () => {
  it('lets nobody else read its secrets', () => {
    for (const file of ['node.json', 'config/definitions.json', 'config/rabbitmq.conf']) {
      expect(statSync(join(dataDir, file)).mode & 0o077, file).toBe(0);
    }
    expect(statSync(join(dataDir, 'home/.erlang.cookie')).mode & 0o777).toBe(0o400);
  });

  it('uses no file of the system service', () => {
    const environment = environmentOf(broker.pid).join('\n');
    expect(environment).toContain(`RABBITMQ_CONFIG_FILE=${dataDir}/config/rabbitmq.conf`);
    const log = readFileSync(join(dataDir, 'log/broker.log'), 'utf8');
    expect(log).toContain(`${dataDir}/config/rabbitmq.conf`);
    expect(environment + log).not.toMatch(/\/(etc|var\/lib|var\/log)\/rabbitmq/);
  });

  it('refuses a second node on its data directory, naming the pid', async () => {
    await expect(startBroker({ dataDir })).rejects.toThrow(`pid ${broker.pid}`);
  });

  it('shares nothing with another node beside it', async () => {
    const other = await startBroker({ dataDir: folder() });
    try {
      await keep(broker, 'side', 'left');
      await keep(other, 'side', 'right');
      expect(await kept(broker, 'side')).toBe('left');
      expect(await kept(other, 'side')).toBe('right');
      expect(new URL(other.amqpUrl).password).not.toBe(new URL(broker.amqpUrl).password);
    } finally {
      await other.stop();
    }
  });

  it('is back on the same addresses with what it confirmed after kill and restart', async () => {
    const { pid, amqpUrl } = broker;
    // A queue that is there since the start: RabbitMQ 3.10 may forget one that was declared less than two seconds
    // before it is killed, because Mnesia's decision on the transaction is written to disk with that delay.
    const queue = 'relay.unread.rejected';
    await send(broker, queue, 'confirmed');
    await broker.kill();
    await expect(connect(amqpUrl)).rejects.toThrow();
    await broker.restart();
    expect(broker.pid).not.toBe(pid);
    expect(broker.amqpUrl).toBe(amqpUrl);
    expect(await kept(broker, queue)).toBe('confirmed');
    expect(onCrash).not.toHaveBeenCalled();
  });

  it('tells when it ends by itself', async () => {
    process.kill(broker.pid, 'SIGKILL');
    await vi.waitFor(() => expect(onCrash).toHaveBeenCalledExactlyOnceWith('signal SIGKILL'));
    await broker.restart();
    expect(onCrash).toHaveBeenCalledTimes(1);
  });

  it('leaves no process behind after stop, and is the same node at the next start', async () => {
    await keep(broker, 'stopped', 'still here');
    const before = nodeProcesses();
    expect(before).toContain(broker.pid);
    expect(before).toHaveLength(2);
    await broker.stop();
    expect(before.flatMap(environmentOf)).toEqual([]);

    const { amqpUrl, webStompUrl } = broker;
    broker = await startBroker({ dataDir, onCrash });
    expect([broker.amqpUrl, broker.webStompUrl]).toEqual([amqpUrl, webStompUrl]);
    expect(await kept(broker, 'stopped')).toBe('still here');
  });
});

describe('a node that cannot start', () => {
  it('ends in an error with the last lines of its log', async () => {
    const broken = folder();
    mkdirSync(join(broken, 'config/conf.d'), { recursive: true });
    writeFileSync(join(broken, 'config/conf.d/broken.conf'), 'no_such_setting = 1\n');
    await expect(startBroker({ dataDir: broken })).rejects.toThrow(
      /ended while it started[\s\S]*no_such_setting/,
    );
  });

  it('is refused before it starts when the start script could not carry the name of its directory', async () => {
    await expect(startBroker({ dataDir: join(folder(), 'with space') })).rejects.toThrow('without spaces');
  });

  it('says what to do when its identity is damaged', async () => {
    const damaged = folder();
    writeFileSync(join(damaged, 'node.json'), '{"nodeName":');
    await expect(startBroker({ dataDir: damaged })).rejects.toThrow(`Remove the directory ${damaged}`);
  });
});
