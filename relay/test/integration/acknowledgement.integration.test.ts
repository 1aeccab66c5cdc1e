import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { Service, type Tap } from '../support/amqp.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

const DESTINATION = '/user/topic/reply';

let relay: TestRelay;
/** Gives clients a second to prove what they were sent, and lets little pile up. */
let hasty: TestRelay;
let service: Service;

beforeAll(async () => {
  [relay, hasty, service] = await Promise.all([
    startRelay(),
    startRelay({
      RELAY_CONFIRM_TIMEOUT: '1000',
      RELAY_MAX_UNACKED: '5',
      RELAY_MAX_QUEUED_BYTES: '65536',
    }),
    Service.open(),
  ]);
});

afterAll(async () => {
  await Promise.all([relay?.close(), hasty?.close(), service?.close()]);
});

/** A user with somebody to listen for what becomes unread. */
async function newUser(): Promise<{ user: string; unread: Tap; tell(body: string): Promise<void> }> {
  const user = unique('alice');
  const unread = await service.tapUnread(user);
  return { user, unread, tell: (body) => service.toUser(user, 'topic.reply', body) };
}

/** A client that is subscribed and answers pings only when the test does. */
async function mute(at: TestRelay, user: string): Promise<RawClient> {
  const client = await at.connected(user, { socket: { autoPong: false } });
  await client.subscribed('s', DESTINATION);
  return client;
}

async function acknowledging(user: string, ack: string, at = relay): Promise<RawClient> {
  const client = await at.connected(user);
  await client.subscribed('s', DESTINATION, { ack });
  return client;
}

async function ackOf(client: RawClient, body: string): Promise<string> {
  return (await client.message(body)).headers.ack ?? '';
}

/** Waits for the ping that was sent after everything so far, and answers it. */
async function prove(client: RawClient, nth: number): Promise<void> {
  const payload = await waitFor(() => client.pings[nth - 1], { what: `ping ${nth}` });
  client.socket.pong(payload);
}

/**
 * Everything that the node gave back before is unread after this: one more message takes the same way, through the
 * same node queue, and arrives last.
 */
async function fence(user: string, unread: Tap): Promise<void> {
  const client = await relay.connected(user);
  const rest = unique('fence');
  await client.subscribed('f', `/user/${rest}`, { ack: 'client-individual' });
  await service.toUser(user, rest, rest);
  client.send('NACK', { id: await ackOf(client, rest) });
  await unread.message(rest);
  client.destroy();
}

/** What became unread, without fences. */
async function unreadAfterFence(user: string, unread: Tap): Promise<string[]> {
  await fence(user, unread);
  return unread.bodies().filter((body) => !body.startsWith('fence-'));
}

describe('ack:auto', () => {
  it('is unread when the pong does not come: closed as too slow with 4429, and the message kept', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(hasty, user);
    await tell('unproved');
    await client.message('unproved');
    expect(unread.messages).toEqual([]);
    expect((await client.over()).code).toBe(closures.slowConsumer.code);
    const message = await unread.message('unproved');
    expect(message.fields.routingKey).toBe(`${user}.topic.reply`);
    const mail = await UnreadClient.of(hasty, user);
    await mail.waiting(1);
    expect(await mail.readAll()).toEqual(['unproved']);
  });

  it('is unread when the connection is cut before the pong', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(relay, user);
    await tell('cut');
    await client.message('cut');
    client.destroy();
    await unread.message('cut');
    expect(await unreadAfterFence(user, unread)).toEqual(['cut']);
  });

  it('is read with the pong: nothing is unread when the connection is cut after it', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(relay, user);
    await tell('proved');
    await client.message('proved');
    await prove(client, 1);
    // The pong and this frame go the same way: with the receipt, the relay has seen both.
    client.send('BEGIN', { transaction: 'x', receipt: 'seen' });
    await client.receipt('seen');
    client.destroy();
    expect(await unreadAfterFence(user, unread)).toEqual([]);
  });

  it('is proved by the pong only as far as its ping came after the message', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(relay, user);
    await tell('first');
    await client.message('first');
    await waitFor(() => client.pings.length === 1, { what: 'the ping' });
    await tell('second');
    await client.message('second');
    await prove(client, 1);
    await waitFor(() => client.pings.length === 2, { what: 'the ping for the second' });
    client.destroy();
    await unread.message('second');
    expect(await unreadAfterFence(user, unread)).toEqual(['second']);
  });

  it('is not proved by pongs that no ping asked for', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(relay, user);
    const forge = () => {
      for (const guess of ['', '0', '-1', '1000000', 'NaN', 'Infinity', '1e9', 'true'])
        client.socket.pong(guess);
      for (let i = 10; i < 200; i++) client.socket.pong(String(i));
    };
    forge();
    await tell('forged');
    await client.message('forged');
    await waitFor(() => client.pings.length === 1, { what: 'the ping' });
    forge();
    client.send('BEGIN', { transaction: 'x', receipt: 'seen' });
    await client.receipt('seen');
    client.destroy();
    await unread.message('forged');
  });

  it('pongs ahead of the ping prove nothing', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(relay, user);
    for (let i = 0; i < 50; i++) client.socket.pong(String(i));
    client.send('BEGIN', { transaction: 'x', receipt: 'seen' });
    await client.receipt('seen');
    await tell('ahead');
    await client.message('ahead');
    client.destroy();
    await unread.message('ahead');
  });

  it('with two tabs is read when one of them proves it', async () => {
    const { user, unread, tell } = await newUser();
    const [silent, proving] = await Promise.all([mute(relay, user), mute(relay, user)]);
    await tell('two tabs');
    await Promise.all([silent.message('two tabs'), proving.message('two tabs')]);
    silent.destroy();
    await prove(proving, 1);
    proving.send('BEGIN', { transaction: 'x', receipt: 'seen' });
    await proving.receipt('seen');
    proving.destroy();
    expect(await unreadAfterFence(user, unread)).toEqual([]);
  });

  it('with two tabs is unread once when neither proves it', async () => {
    const { user, unread, tell } = await newUser();
    const tabs = await Promise.all([mute(relay, user), mute(relay, user)]);
    await tell('nobody');
    await Promise.all(tabs.map((tab) => tab.message('nobody')));
    for (const tab of tabs) tab.destroy();
    await unread.message('nobody');
    expect(await unreadAfterFence(user, unread)).toEqual(['nobody']);
  });

  it('is read after a graceful DISCONNECT', async () => {
    const { user, unread, tell } = await newUser();
    const client = await relay.stomp(user);
    await client.subscribed(DESTINATION, { id: 's' });
    await tell('read');
    await client.message(0);
    await client.disconnect();
    expect(client.closed?.code).toBe(closures.normal.code);
    expect(await unreadAfterFence(user, unread)).toEqual([]);
  });

  it('is read when the client says DISCONNECT before its pong is out', async () => {
    const { user, unread, tell } = await newUser();
    const client = await mute(relay, user);
    await tell('read');
    await client.message('read');
    client.send('DISCONNECT', { receipt: 'bye' });
    await prove(client, 1);
    await client.receipt('bye');
    expect((await client.over()).code).toBe(closures.normal.code);
    expect(await unreadAfterFence(user, unread)).toEqual([]);
  });

  it('is unread when more piles up than a client may leave unread', async () => {
    const { user, unread } = await newUser();
    const client = await mute(hasty, user);
    client.socket.pause();
    // Far more than two sockets' buffers hold.
    const bodies = Array.from({ length: 24 }, (_, i) => `${i} ${randomBytes(512 * 1024).toString('hex')}`);
    for (const body of bodies) service.post('relay.user', `${user}.topic.reply`, Buffer.from(body));
    await service.settled();
    await waitFor(() => unread.messages.length >= bodies.length, {
      what: () => `${bodies.length} unread messages; have ${unread.messages.length}`,
    });
    expect(
      unread
        .bodies()
        .map((body) => Number.parseInt(body, 10))
        .sort((a, b) => a - b),
    ).toEqual(bodies.map((_, i) => i));
    client.destroy();
  });

  it('is unread when the relay leaves before the proof, and clients are told to come back', async () => {
    const { user, unread, tell } = await newUser();
    const leaving = await startRelay();
    const [silent, reading] = [await mute(leaving, user), await leaving.connected(unique('bob'))];
    await tell('left behind');
    await silent.message('left behind');
    await leaving.leave();
    expect((await reading.over()).code).toBe(closures.goingAway.code);
    await unread.message('left behind');
    await tell('later');
    await unread.message('later');
  });
});

describe('client acknowledgement', () => {
  it.each(['client', 'client-individual'])('ack:%s is read with the ACK, unread without', async (ack) => {
    const { user, unread, tell } = await newUser();
    const client = await acknowledging(user, ack);
    await tell('acked');
    await tell('not acked');
    await client.message('not acked');
    client.send('ACK', { id: await ackOf(client, 'acked'), receipt: 'done' });
    await client.receipt('done');
    client.destroy();
    await unread.message('not acked');
    expect(await unreadAfterFence(user, unread)).toEqual(['not acked']);
  });

  it('ack:client covers the message and all before it', async () => {
    const { user, unread, tell } = await newUser();
    const client = await acknowledging(user, 'client');
    for (const body of ['1', '2', '3', '4']) await tell(body);
    await client.message('4');
    client.send('ACK', { id: await ackOf(client, '3'), receipt: 'done' });
    await client.receipt('done');
    client.destroy();
    expect(await unreadAfterFence(user, unread)).toEqual(['4']);
  });

  it('ack:client-individual covers one message', async () => {
    const { user, unread, tell } = await newUser();
    const client = await acknowledging(user, 'client-individual');
    for (const body of ['1', '2', '3', '4']) await tell(body);
    await client.message('4');
    client.send('ACK', { id: await ackOf(client, '3'), receipt: 'done' });
    await client.receipt('done');
    client.destroy();
    expect(await unreadAfterFence(user, unread)).toEqual(['1', '2', '4']);
  });

  it('NACK makes unread: one message with client-individual, all up to it with client', async () => {
    const one = await newUser();
    const individual = await acknowledging(one.user, 'client-individual');
    for (const body of ['1', '2', '3']) await one.tell(body);
    individual.send('NACK', { id: await ackOf(individual, '2') });
    await one.unread.message('2');
    expect(await unreadAfterFence(one.user, one.unread)).toEqual(['2']);

    const all = await newUser();
    const cumulative = await acknowledging(all.user, 'client');
    for (const body of ['1', '2', '3']) await all.tell(body);
    await cumulative.message('3');
    cumulative.send('NACK', { id: await ackOf(cumulative, '2') });
    await all.unread.message('2');
    expect(await unreadAfterFence(all.user, all.unread)).toEqual(['1', '2']);
  });

  it('UNSUBSCRIBE and DISCONNECT make unread what was not acknowledged', async () => {
    for (const leave of ['UNSUBSCRIBE', 'DISCONNECT']) {
      const { user, unread, tell } = await newUser();
      const client = await acknowledging(user, 'client-individual');
      await tell('acked');
      await tell('left');
      client.send('ACK', { id: await ackOf(client, 'acked') });
      await client.message('left');
      client.send(leave, leave === 'UNSUBSCRIBE' ? { id: 's', receipt: 'gone' } : { receipt: 'gone' });
      await client.receipt('gone');
      await unread.message('left');
      expect(await unreadAfterFence(user, unread)).toEqual(['left']);
    }
  });

  it('is no matter of pongs: a client that answers every ping but never acknowledges has read nothing', async () => {
    const { user, unread, tell } = await newUser();
    const client = await acknowledging(user, 'client');
    await tell('answered');
    await client.message('answered');
    client.destroy();
    await unread.message('answered');
  });

  it('of one tab is enough: the other’s NACK and loss change nothing', async () => {
    const { user, unread, tell } = await newUser();
    const [acking, nacking, silent] = await Promise.all([
      acknowledging(user, 'client-individual'),
      acknowledging(user, 'client-individual'),
      mute(relay, user),
    ]);
    await tell('three tabs');
    nacking.send('NACK', { id: await ackOf(nacking, 'three tabs'), receipt: 'no' });
    await nacking.receipt('no');
    await silent.message('three tabs');
    silent.destroy();
    acking.send('ACK', { id: await ackOf(acking, 'three tabs'), receipt: 'yes' });
    await acking.receipt('yes');
    expect(await unreadAfterFence(user, unread)).toEqual([]);
  });

  it.each(['1.0', '1.1'])('works in STOMP %s, by message-id', async (version) => {
    const { user, unread, tell } = await newUser();
    const client = await relay.connected(user, {}, { 'accept-version': version });
    await client.subscribed('s', DESTINATION, { ack: 'client' });
    await tell('acked');
    await tell('not acked');
    await client.message('not acked');
    const { headers } = await client.message('acked');
    expect(headers).not.toHaveProperty('ack');
    client.send('ACK', { 'message-id': headers['message-id'] ?? '', subscription: 's', receipt: 'done' });
    await client.receipt('done');
    client.destroy();
    await unread.message('not acked');
    expect(await unreadAfterFence(user, unread)).toEqual(['not acked']);
  });

  it('is wanted for at most RELAY_MAX_UNACKED messages, then the client is too slow', async () => {
    const { user, unread, tell } = await newUser();
    const client = await acknowledging(user, 'client', hasty);
    for (let i = 0; i < 6; i++) await tell(String(i));
    const { error, code } = await client.refused();
    expect(code).toBe(closures.slowConsumer.code);
    expect(error.headers.code).toBe('ERR_TOO_MANY_UNACKED');
    await unread.message('5');
    expect(unread.bodies().sort()).toEqual(['0', '1', '2', '3', '4', '5']);
  });
});

describe('nobody subscribed', () => {
  it('is unread at once, and so is every other destination of the user than the one subscribed to', async () => {
    const { user, unread, tell } = await newUser();
    await tell('nobody home');
    const message = await unread.message('nobody home');
    expect(message.fields.routingKey).toBe(`${user}.topic.reply`);
    const client = await acknowledging(user, 'auto');
    await service.toUser(user, 'topic.other', 'other door');
    await unread.message('other door');
    await tell('home');
    await client.message('home');
    expect(client.bodies()).toEqual(['home']);
  });

  it('is unread at once when a client sent it, and the sender gets its receipt', async () => {
    const { user, unread } = await newUser();
    const sender = await relay.connected(unique('sender'));
    sender.send('SEND', { destination: `/user/${user}/topic/reply`, receipt: 'sent' }, 'from a client');
    await sender.receipt('sent');
    await unread.message('from a client');
  });
});
