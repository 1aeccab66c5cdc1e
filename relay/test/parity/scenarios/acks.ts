import type { Scenario, ScenarioContext } from '../scenario.js';

type Mode = 'client' | 'client-individual';

/** A queue with these messages, and a client that has them all unacknowledged. */
async function holding({ connect, unique, ready }: ScenarioContext, mode: Mode, count: number) {
  const name = unique('held');
  const client = await connect('client');
  for (let index = 1; index <= count; index++) client.send(`/queue/${name}`, `${index}`);
  await ready(name, count);
  await client.subscribed(`/queue/${name}`, { id: 'h', ack: mode });
  const messages = await client.received(count, 'h');
  const at = (index: number) => {
    const message = messages[index];
    if (!message) throw new Error(`no message ${index}`);
    return message;
  };
  return { name, client, at };
}

/** Cuts the client's connection and shows what another one gets afterwards. */
async function afterLoss({ connect, ready }: ScenarioContext, name: string, left: number): Promise<void> {
  await ready(name, left);
  const heir = await connect('heir');
  await heir.subscribed(`/queue/${name}`, { id: 'heir' });
  await heir.received(left, 'heir');
  heir.send(`/queue/${name}`, 'the end');
  await heir.received(left + 1, 'heir');
}

const cumulative: Scenario = {
  name: 'ACK with ack:client covers every message before it',
  async run(context) {
    const { name, client, at } = await holding(context, 'client', 5);
    client.ack(at(2), { receipt: 'acked' });
    await client.receipt('acked');
    client.drop();
    await afterLoss(context, name, 2);
  },
};

const individual: Scenario = {
  name: 'ACK with ack:client-individual covers one message',
  async run(context) {
    const { name, client, at } = await holding(context, 'client-individual', 5);
    client.ack(at(2));
    client.ack(at(0), { receipt: 'acked' });
    await client.receipt('acked');
    client.drop();
    await afterLoss(context, name, 3);
  },
};

const lost: Scenario = {
  name: 'a lost connection brings every unacknowledged message back, marked redelivered',
  async run(context) {
    const { name, client } = await holding(context, 'client-individual', 3);
    client.drop();
    await afterLoss(context, name, 3);
  },
};

const left: Scenario = {
  name: 'DISCONNECT brings unacknowledged messages back',
  async run(context) {
    const { name, client } = await holding(context, 'client', 2);
    await client.disconnect();
    await afterLoss(context, name, 2);
  },
};

const autoAcknowledged: Scenario = {
  name: 'with ack:auto nothing comes back',
  async run(context) {
    const name = context.unique('auto');
    const client = await context.connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'a', ack: 'auto' });
    for (const body of ['1', '2', '3']) client.send(`/queue/${name}`, body);
    await client.received(3, 'a');
    client.drop();
    await afterLoss(context, name, 0);
  },
};

const nackRequeues: Scenario = {
  name: 'NACK puts the message back and it comes again, marked redelivered',
  async run(context) {
    const { name, client, at } = await holding(context, 'client-individual', 2);
    client.nack(at(0));
    client.ack(await client.message(2, 'h'));
    client.ack(at(1), { receipt: 'done' });
    await client.receipt('done');
    client.drop();
    await afterLoss(context, name, 0);
  },
};

const nackRequeueTrue: Scenario = {
  name: 'NACK with requeue:true does the same',
  async run(context) {
    const { client, at } = await holding(context, 'client-individual', 1);
    client.nack(at(0), { requeue: 'true' });
    client.ack(await client.message(1, 'h'), { receipt: 'done' });
    await client.receipt('done');
  },
};

const nackCumulative: Scenario = {
  name: 'NACK with ack:client covers every message before it',
  async run(context) {
    const { client, at } = await holding(context, 'client', 3);
    client.nack(at(1), { receipt: 'nacked' });
    await client.receipt('nacked');
    await client.received(5, 'h');
    client.ack(await client.message(4, 'h'), { receipt: 'done' });
    await client.receipt('done');
  },
};

const nackDrops: Scenario = {
  name: 'NACK with requeue:false drops the message',
  async run(context) {
    const { name, client, at } = await holding(context, 'client-individual', 3);
    client.nack(at(1), { requeue: 'false', receipt: 'nacked' });
    await client.receipt('nacked');
    client.drop();
    await afterLoss(context, name, 2);
  },
};

const nackDeadLetters: Scenario = {
  name: 'NACK with requeue:false sends the message to the dead-letter exchange',
  async run({ connect, unique, amqp, ready }) {
    const [name, dead] = [unique('source'), unique('dead')];
    await amqp.assertQueue(dead, { durable: true });
    await amqp.assertQueue(name, { durable: true, deadLetterExchange: '', deadLetterRoutingKey: dead });
    const client = await connect('client');
    await client.subscribed(`/amq/queue/${name}`, { id: 'd', ack: 'client-individual' });
    client.send(`/amq/queue/${name}`, 'unwanted', { colour: 'grey' });
    client.nack(await client.message(0, 'd'), { requeue: 'false' });
    await ready(dead, 1);
    await client.subscribed(`/amq/queue/${dead}`, { id: 'dead' });
    await client.received(1, 'dead');
  },
};

const unsubscribed: Scenario = {
  name: 'messages left unacknowledged by UNSUBSCRIBE come back when the connection ends',
  async run(context) {
    const { name, client, at } = await holding(context, 'client-individual', 3);
    client.ack(at(0));
    await client.unsubscribed('h');
    context.note('after UNSUBSCRIBE', await context.queue(name));
    await client.disconnect();
    await afterLoss(context, name, 2);
  },
};

const twoQueues: Scenario = {
  name: 'a cumulative ACK and the other subscriptions of the session',
  async run({ connect, unique, ready }) {
    const [one, two] = [unique('one'), unique('two')];
    const client = await connect('client');
    await client.subscribed(`/queue/${one}`, { id: '1', ack: 'client' });
    await client.subscribed(`/queue/${two}`, { id: '2', ack: 'client' });
    client.send(`/queue/${one}`, 'first');
    await client.received(1, '1');
    client.send(`/queue/${two}`, 'second');
    client.ack(await client.message(0, '2'), { receipt: 'acked' });
    await client.receipt('acked');
    client.drop();
    await Promise.all([ready(one, 0), ready(two, 0)]);
  },
};

export const acks = [
  cumulative,
  individual,
  lost,
  left,
  autoAcknowledged,
  nackRequeues,
  nackRequeueTrue,
  nackCumulative,
  nackDrops,
  nackDeadLetters,
  unsubscribed,
  twoQueues,
];
