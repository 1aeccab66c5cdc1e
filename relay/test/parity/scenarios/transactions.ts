import type { Scenario } from '../scenario.js';

const commit: Scenario = {
  name: 'sends in a transaction are seen after COMMIT, in order, and not before',
  async run({ connect, unique, note, ready, queue }) {
    const name = unique('commit');
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    client.client.begin('t1');
    client.send(`/queue/${name}`, 'in 1', { transaction: 't1' });
    client.send(`/queue/${name}`, 'outside');
    client.send(`/queue/${name}`, 'in 2', { transaction: 't1' });
    await client.received(1, 'q');
    note('before COMMIT', [client.messages().length, await queue(name)]);
    client.client.commit('t1');
    await client.received(3, 'q');
    await ready(name, 0);
  },
};

const topic: Scenario = {
  name: 'the same on topics',
  async run({ connect, unique }) {
    const [one, two] = [`/topic/${unique('one')}`, `/topic/${unique('two')}`];
    const [client, sender] = await Promise.all([connect('client'), connect('sender')]);
    await client.subscribed(one, { id: '1' });
    await client.subscribed(two, { id: '2' });
    const transaction = sender.client.begin('both');
    sender.send(one, 'in', { transaction: transaction.id });
    sender.send(two, 'in', { transaction: transaction.id });
    sender.send(one, 'outside');
    await client.received(1, '1');
    transaction.commit();
    await Promise.all([client.received(2, '1'), client.received(1, '2')]);
  },
};

const abort: Scenario = {
  name: 'sends in an aborted transaction are never seen',
  async run({ connect, unique }) {
    const name = unique('abort');
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    client.client.begin('t');
    client.send(`/queue/${name}`, 'gone', { transaction: 't' });
    client.client.abort('t');
    client.send(`/queue/${name}`, 'kept');
    await client.received(1, 'q');
    client.client.begin('t');
    client.send(`/queue/${name}`, 'the id can be used again', { transaction: 't' });
    client.client.commit('t');
    await client.received(2, 'q');
  },
};

const interleaved: Scenario = {
  name: 'two open transactions do not touch each other',
  async run({ connect, unique }) {
    const name = unique('two');
    const client = await connect('client');
    await client.subscribed(`/queue/${name}`, { id: 'q' });
    client.client.begin('a');
    client.client.begin('b');
    client.send(`/queue/${name}`, 'a1', { transaction: 'a' });
    client.send(`/queue/${name}`, 'b1', { transaction: 'b' });
    client.send(`/queue/${name}`, 'a2', { transaction: 'a' });
    client.client.commit('b');
    client.client.abort('a');
    client.send(`/queue/${name}`, 'last');
    await client.received(2, 'q');
  },
};

const lost: Scenario = {
  name: 'a transaction that is open when the connection is lost never happens',
  async run({ connect, unique, ready }) {
    const name = unique('lost');
    const client = await connect('client');
    client.send(`/queue/${name}`, 'outside');
    client.client.begin('t');
    client.send(`/queue/${name}`, 'in', { transaction: 't' });
    await ready(name, 1);
    client.drop();
    const heir = await connect('heir');
    await heir.subscribed(`/queue/${name}`, { id: 'q' });
    heir.send(`/queue/${name}`, 'last');
    await heir.received(2, 'q');
  },
};

const acks: Scenario = {
  name: 'acks in a transaction count from COMMIT on',
  async run({ connect, unique, ready }) {
    const name = unique('acks');
    const client = await connect('client');
    for (const body of ['1', '2', '3']) client.send(`/queue/${name}`, body);
    await ready(name, 3);
    await client.subscribed(`/queue/${name}`, { id: 'q', ack: 'client-individual' });
    const [first, second] = await client.received(3, 'q');
    if (!first || !second) throw new Error('three were waited for');
    client.client.begin('t');
    client.ack(first, { transaction: 't' });
    client.ack(second, { transaction: 't' });
    client.transmit('COMMIT', { transaction: 't', receipt: 'committed' });
    await client.receipt('committed');
    client.drop();
    await ready(name, 1);
    const heir = await connect('heir');
    await heir.subscribed(`/queue/${name}`, { id: 'q' });
    await heir.received(1, 'q');
  },
};

const openAcks: Scenario = {
  name: 'acks in a transaction that never commits come to nothing',
  async run({ connect, unique, ready }) {
    const name = unique('open');
    const client = await connect('client');
    for (const body of ['1', '2']) client.send(`/queue/${name}`, body);
    await ready(name, 2);
    await client.subscribed(`/queue/${name}`, { id: 'q', ack: 'client-individual' });
    const [first, second] = await client.received(2, 'q');
    if (!first || !second) throw new Error('two were waited for');
    client.client.begin('t');
    client.ack(first, { transaction: 't', receipt: 'taken' });
    await client.receipt('taken');
    client.drop();
    await ready(name, 2);
    const heir = await connect('heir');
    await heir.subscribed(`/queue/${name}`, { id: 'q' });
    await heir.received(2, 'q');
  },
};

const abortedAcks: Scenario = {
  name: 'after ABORT the acks of a transaction can be sent again',
  async run({ connect, unique, ready, note }) {
    const name = unique('aborted');
    const client = await connect('client');
    for (const body of ['1', '2']) client.send(`/queue/${name}`, body);
    await ready(name, 2);
    await client.subscribed(`/queue/${name}`, { id: 'q', ack: 'client-individual' });
    const [first, second] = await client.received(2, 'q');
    if (!first || !second) throw new Error('two were waited for');
    client.client.begin('t');
    client.ack(first, { transaction: 't' });
    client.nack(second, { transaction: 't' });
    client.transmit('ABORT', { transaction: 't', receipt: 'aborted' });
    await client.receipt('aborted');
    note('redelivered by ABORT', client.messages().length - 2);
    client.ack(first, { receipt: 'acked' });
    await client.receipt('acked');
    client.drop();
    await ready(name, 1);
    const heir = await connect('heir');
    await heir.subscribed(`/queue/${name}`, { id: 'q' });
    await heir.received(1, 'q');
  },
};

const nacks: Scenario = {
  name: 'a NACK in a transaction counts from COMMIT on',
  async run({ connect, unique, ready }) {
    const name = unique('nacks');
    const client = await connect('client');
    client.send(`/queue/${name}`, '1');
    await ready(name, 1);
    await client.subscribed(`/queue/${name}`, { id: 'q', ack: 'client-individual' });
    client.client.begin('t');
    client.nack(await client.message(0, 'q'), { transaction: 't' });
    client.client.commit('t');
    client.ack(await client.message(1, 'q'), { receipt: 'done' });
    await client.receipt('done');
  },
};

const mixed: Scenario = {
  name: 'a transaction that takes a message and passes it on',
  async run({ connect, unique, ready, queue, note }) {
    const [from, to] = [unique('from'), unique('to')];
    const client = await connect('client');
    client.send(`/queue/${from}`, 'work');
    await ready(from, 1);
    await client.subscribed(`/queue/${from}`, { id: 'from', ack: 'client-individual' });
    const work = await client.message(0, 'from');
    client.client.begin('t');
    client.send(`/queue/${to}`, 'done', { transaction: 't' });
    client.ack(work, { transaction: 't', receipt: 'acked' });
    await client.receipt('acked');
    note('before COMMIT', (await queue(to))?.messages ?? 0);
    client.transmit('COMMIT', { transaction: 't', receipt: 'committed' });
    await client.receipt('committed');
    await ready(to, 1);
    client.drop();
    await ready(from, 0);
    const heir = await connect('heir');
    await heir.subscribed(`/queue/${to}`, { id: 'to' });
    await heir.received(1, 'to');
  },
};

export const transactions = [
  commit,
  topic,
  abort,
  interleaved,
  lost,
  acks,
  openAcks,
  abortedAcks,
  nacks,
  mixed,
];
