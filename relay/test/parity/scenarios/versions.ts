import type { Scenario } from '../scenario.js';

function basics(version: '1.0' | '1.1' | '1.2'): Scenario {
  return {
    name: `STOMP ${version}: topic, queue, ACK, transaction and receipts`,
    async run({ connect, unique, ready, note }) {
      const [topic, queue] = [unique('topic'), unique('queue')];
      const client = await connect('client', { versions: [version] });
      note('version', client.version);
      await client.subscribed(`/topic/${topic}`, { id: 't' });
      client.send(`/topic/${topic}`, 'hello', { custom: 'value' });
      await client.received(1, 't');
      await client.subscribed(`/queue/${queue}`, { id: 'q', ack: 'client' });
      client.client.begin('tx');
      for (const body of ['1', '2', '3']) client.send(`/queue/${queue}`, body, { transaction: 'tx' });
      client.client.commit('tx');
      client.ack(await client.message(1, 'q'), { receipt: 'acked' });
      await client.receipt('acked');
      await client.received(3, 'q');
      client.drop();
      await ready(queue, 1);
      const heir = await connect('heir', { versions: [version] });
      await heir.subscribed(`/queue/${queue}`, { id: 'q', ack: 'client-individual' });
      if (version !== '1.0') heir.nack(await heir.message(0, 'q'));
      heir.ack(await heir.message(version === '1.0' ? 0 : 1, 'q'), { receipt: 'last' });
      await heir.receipt('last');
      await heir.unsubscribed('q');
    },
  };
}

const escapes: Scenario = {
  name: 'STOMP 1.1: escapes of colon, line feed and backslash',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('escapes')}`;
    const client = await connect('client', { versions: ['1.1'] });
    await client.subscribed(topic, { id: 't' });
    // stompjs escapes in 1.2 only, so the frame is written here.
    client.transmit(
      'SEND',
      { destination: topic, colon: 'a:b', 'line-feed': 'a\nb', backslash: 'a\\b' },
      'x',
    );
    await client.received(1, 't');
  },
};

const between: Scenario = {
  name: 'clients of different versions talk to each other',
  async run({ connect, unique }) {
    const topic = `/topic/${unique('between')}`;
    const [oldest, older, newest] = await Promise.all([
      connect('oldest', { versions: ['1.0'] }),
      connect('older', { versions: ['1.1'] }),
      connect('newest', { versions: ['1.2'] }),
    ]);
    const clients = [oldest, older, newest];
    for (const client of clients) await client.subscribed(topic, { id: 'same' });
    for (const client of clients) {
      client.send(topic, 'from', { version: client.version, custom: 'plain value' });
      await Promise.all(clients.map((each) => each.received(clients.indexOf(client) + 1, 'same')));
    }
  },
};

const highest: Scenario = {
  name: 'the highest common version is taken',
  async run({ connect, note }) {
    note('all', (await connect('all', { versions: ['1.0', '1.1', '1.2'] })).version);
    note('older', (await connect('older', { versions: ['1.1', '1.0'] })).version);
  },
};

export const versions = [basics('1.0'), basics('1.1'), basics('1.2'), escapes, between, highest];
