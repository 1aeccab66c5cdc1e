import { randomBytes } from 'node:crypto';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import type { StompClient } from '../support/stomp.js';
import { waitFor } from '../support/wait.js';
import type { Endpoint, QueueState, Scenario, ScenarioContext, Transcript } from './scenario.js';

/** Runs a scenario against an endpoint, cleans up behind it and returns what was observed. */
export async function run(
  scenario: Scenario,
  endpoint: Endpoint,
  connection: ChannelModel,
): Promise<Transcript> {
  const id = randomBytes(5).toString('hex');
  const names: string[] = [];
  const clients = new Map<string, StompClient>();
  const refused: string[] = [];
  const notes: Record<string, unknown> = {};
  const amqp = await connection.createChannel();

  const queue = async (name: string): Promise<QueueState | undefined> => {
    // Asking for a queue that is not there closes the channel, so every question gets its own.
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(name);
      await channel.close();
      return { messages: messageCount, consumers: consumerCount };
    } catch {
      return undefined;
    }
  };

  const context: ScenarioContext = {
    endpoint: endpoint.name,
    amqp,
    queue,
    unique(base) {
      const name = `${base}-${id}`;
      names.push(name);
      return name;
    },
    async connect(name, options = {}) {
      if (clients.has(name)) throw new Error(`there is a client ${name} already`);
      const client = await endpoint.connect(options);
      clients.set(name, client);
      return client;
    },
    async ready(name, messages) {
      let last: QueueState | undefined;
      await waitFor(
        async () => {
          last = await queue(name);
          return last?.messages === messages;
        },
        { what: () => `${messages} ready messages in a queue, last seen ${JSON.stringify(last)}` },
      );
    },
    async take(label, name) {
      await waitFor(async () => (await queue(name))?.messages, { what: `the message "${label}"` });
      const message = await amqp.get(name, { noAck: true });
      if (!message) throw new Error(`somebody else took the message "${label}"`);
      notes[label] = amqpView(message);
      return message as unknown as ConsumeMessage;
    },
    note(label, value) {
      notes[label] = value;
    },
    async refused(client) {
      // RabbitMQ keeps the connection after most errors, and after the others closes it so fast that its own
      // ERROR frame is lost. STOMP wants both, and the relay does both.
      if (endpoint.name === 'native') {
        await waitFor(() => client.error() ?? client.closed, { what: 'an ERROR frame or a close' });
      } else {
        await client.refused();
        await client.over();
      }
      refused.push([...clients].find(([, each]) => each === client)?.[0] ?? '');
    },
  };

  try {
    await scenario.run(context);
    await Promise.all([...clients.values()].map((client) => leave(client)));
  } finally {
    for (const client of clients.values()) client.drop();
    const cleaner = await connection.createChannel();
    for (const name of names) {
      await cleaner.deleteQueue(name);
      await cleaner.deleteExchange(name);
    }
    await cleaner.close();
    await amqp.close().catch(() => undefined);
  }
  return {
    run: id,
    clients: Object.fromEntries(
      [...clients].map(([name, client]) => [
        name,
        { version: client.version, frames: client.frames, refused: refused.includes(name) },
      ]),
    ),
    notes,
  };
}

/** @throws Error when DISCONNECT brings no end. */
async function leave(client: StompClient): Promise<void> {
  if (client.closed || client.error()) return client.drop();
  const left = client.disconnect();
  await waitFor(() => client.closed, { what: 'the close after DISCONNECT', timeout: 5000 }).catch((error) => {
    client.drop();
    throw error;
  });
  await left;
}

/** What an AMQP consumer sees of a message. */
function amqpView(message: { content: Buffer; fields: object; properties: object }): unknown {
  const { exchange, routingKey, redelivered } = message.fields as ConsumeMessage['fields'];
  const { headers, ...properties } = message.properties as ConsumeMessage['properties'];
  // RabbitMQ's STOMP plugin makes a message header of the frame's content-length; the relay sends it none.
  const { 'content-length': _, ...own } = headers ?? {};
  const known = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
  return { exchange, routingKey, redelivered, properties: known, headers: own, content: message.content };
}
