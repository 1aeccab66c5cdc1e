import type { Scenario, ScenarioContext } from '../scenario.js';

async function everyCommand(context: ScenarioContext, destination: string): Promise<void> {
  const { connect, note, endpoint } = context;
  const client = await connect('client');
  const receipt = async (id: string, act: () => void) => {
    act();
    await client.receipt(id);
  };
  await receipt('r:subscribe', () =>
    client.subscribe(destination, { id: 's', ack: 'client-individual', receipt: 'r:subscribe' }),
  );
  client.send(destination, '1');
  client.send(destination, '2');
  const [first, second] = await client.received(2, 's');
  if (!first || !second) throw new Error('two were waited for');
  await receipt('r ack', () => client.ack(first, { receipt: 'r ack' }));
  await receipt('r\\nack', () => client.nack(second, { receipt: 'r\\nack', requeue: 'false' }));
  await receipt('begin', () => client.transmit('BEGIN', { transaction: 't', receipt: 'begin' }));
  await receipt('commit', () => client.transmit('COMMIT', { transaction: 't', receipt: 'commit' }));
  client.client.begin('u');
  await receipt('abort', () => client.transmit('ABORT', { transaction: 'u', receipt: 'abort' }));
  await receipt('unsubscribe', () => client.unsubscribe('s', { receipt: 'unsubscribe' }));
  await receipt('Ω', () => client.send(destination, 'nobody listens', { receipt: 'Ω' }));
  await client.disconnect();
  note('closed after DISCONNECT', client.closed !== undefined);
  if (endpoint === 'relay') await client.receipt('close-0');
}

const onQueue: Scenario = {
  name: 'every command on a queue gets its RECEIPT',
  run: (context) => everyCommand(context, `/queue/${context.unique('receipts')}`),
};

const onTopic: Scenario = {
  name: 'every command on a topic gets its RECEIPT',
  run: (context) => everyCommand(context, `/topic/${context.unique('receipts')}`),
};

const sends: Scenario = {
  name: 'the RECEIPT of a SEND means that the message is in its queue',
  async run({ connect, unique, queue, note, take }) {
    const name = unique('confirmed');
    const client = await connect('client');
    for (let index = 0; index < 20; index++) {
      client.send(`/queue/${name}`, `${index}`, { persistent: 'true', receipt: `sent ${index}` });
    }
    for (let index = 0; index < 20; index++) await client.receipt(`sent ${index}`);
    note('queue', await queue(name));
    await take('first', name);
  },
};

const inTransaction: Scenario = {
  name: 'receipts of sends in a transaction come after COMMIT',
  async run({ connect, unique, note }) {
    const name = unique('late');
    const client = await connect('client');
    client.client.begin('t');
    client.send(`/queue/${name}`, '1', { transaction: 't', receipt: 'in' });
    client.send(`/queue/${name}`, '2', { receipt: 'outside' });
    await client.receipt('outside');
    note('before COMMIT', client.frames.length);
    client.client.commit('t');
    await client.receipt('in');
  },
};

const disconnect: Scenario = {
  name: 'the RECEIPT of DISCONNECT comes after everything sent before it was taken',
  async run({ connect, unique, ready }) {
    const name = unique('bye');
    const client = await connect('client');
    for (let index = 0; index < 100; index++) client.send(`/queue/${name}`, `${index}`);
    await client.disconnect();
    await ready(name, 100);
  },
};

const closed: Scenario = {
  name: 'what was sent before the socket is closed arrives, without receipts and without DISCONNECT',
  async run({ connect, unique, ready }) {
    const [name, topic] = [unique('closing'), unique('closing-topic')];
    const [watcher, client] = await Promise.all([connect('watcher'), connect('client')]);
    await watcher.subscribed(`/topic/${topic}`, { id: 'w' });
    for (let index = 0; index < 50; index++) {
      client.send(`/queue/${name}`, `${index}`);
      client.send(`/topic/${topic}`, `${index}`);
    }
    client.closeSocket();
    await Promise.all([ready(name, 50), watcher.received(50, 'w')]);
  },
};

export const receipts = [onQueue, onTopic, sends, inTransaction, disconnect, closed];
