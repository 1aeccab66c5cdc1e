import type { StompClient } from '../../support/stomp.js';
import type { Scenario } from '../scenario.js';

/** Frames that must be answered by an ERROR, each from a client of its own. */
function refusal(name: string, act: (client: StompClient, base: string) => Promise<void> | void): Scenario {
  return {
    name: `ERROR: ${name}`,
    async run({ connect, unique, refused }) {
      const client = await connect('client');
      await act(client, unique('refused'));
      await refused(client);
    },
  };
}

export const errors = [
  refusal('SUBSCRIBE to an unknown kind of destination', (client) => {
    client.subscribe('/nowhere/x', { id: '0' });
  }),
  refusal('SEND to an unknown kind of destination', (client) => client.send('/nowhere/x', 'x')),
  refusal('SEND without a destination', (client) => client.transmit('SEND', {}, 'x')),
  refusal('SUBSCRIBE without a destination', (client) => client.transmit('SUBSCRIBE', { id: '0' })),
  refusal('a topic of two segments', (client, base) => client.send(`/topic/${base}/b`, 'x')),
  refusal('an empty topic', (client) => client.send('/topic/', 'x')),
  refusal('SUBSCRIBE to a temp-queue', (client) => client.subscribe('/temp-queue/x', { id: '0' })),
  refusal('a subscription id used twice on a topic', async (client, base) => {
    await client.subscribed(`/topic/${base}`, { id: 'twice' });
    client.transmit('SUBSCRIBE', { id: 'twice', destination: `/topic/${base}.other` });
  }),
  refusal('a subscription id used twice on a queue', async (client, base) => {
    await client.subscribed(`/queue/${base}`, { id: 'twice' });
    client.transmit('SUBSCRIBE', { id: 'twice', destination: `/queue/${base}` });
  }),
  refusal('UNSUBSCRIBE of an unknown id', (client) => client.transmit('UNSUBSCRIBE', { id: 'nobody' })),
  refusal('UNSUBSCRIBE without an id', (client) => client.transmit('UNSUBSCRIBE', {})),
  refusal('an ack mode that does not exist', (client, base) =>
    client.transmit('SUBSCRIBE', { id: '0', destination: `/topic/${base}`, ack: 'sometimes' }),
  ),
  refusal('ACK of an unknown id', (client) => client.transmit('ACK', { id: 'nothing' })),
  refusal('NACK of an unknown id', (client) => client.transmit('NACK', { id: 'nothing' })),
  refusal('ACK without an id', (client) => client.transmit('ACK', {})),
  refusal('ACK twice', async (client, base) => {
    await client.subscribed(`/queue/${base}`, { id: 'q', ack: 'client-individual' });
    client.send(`/queue/${base}`, 'x');
    const message = await client.message(0, 'q');
    client.ack(message);
    client.ack(message);
  }),
  refusal('ACK after UNSUBSCRIBE', async (client, base) => {
    await client.subscribed(`/queue/${base}`, { id: 'q', ack: 'client-individual' });
    client.send(`/queue/${base}`, 'x');
    const message = await client.message(0, 'q');
    await client.unsubscribed('q');
    client.ack(message);
  }),
  refusal('COMMIT of an unknown transaction', (client) => client.client.commit('nothing')),
  refusal('ABORT of an unknown transaction', (client) => client.client.abort('nothing')),
  refusal('SEND in an unknown transaction', (client, base) =>
    client.send(`/queue/${base}`, 'x', { transaction: 'nothing' }),
  ),
  refusal('SEND to a topic in an unknown transaction', (client, base) =>
    client.send(`/topic/${base}`, 'x', { transaction: 'nothing' }),
  ),
  refusal('BEGIN without a transaction', (client) => client.transmit('BEGIN', {})),
  refusal('an unknown command', (client) => client.transmit('HELLO', {})),
  refusal('SEND with a message-id', (client, base) =>
    client.send(`/topic/${base}`, 'x', { 'message-id': '1' }),
  ),
  refusal('SEND to an exchange that is not there', (client, base) =>
    client.send(`/exchange/${base}/key`, 'x'),
  ),
  refusal('SUBSCRIBE to an exchange that is not there', (client, base) =>
    client.subscribe(`/exchange/${base}/key`, { id: '0' }),
  ),
  refusal('SUBSCRIBE to /amq/queue of a queue that is not there', (client, base) =>
    client.subscribe(`/amq/queue/${base}`, { id: '0' }),
  ),
  refusal('a durable subscription without an id', (client, base) =>
    client.transmit('SUBSCRIBE', { destination: `/topic/${base}`, durable: 'true' }),
  ),
];
