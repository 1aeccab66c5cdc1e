import { type ChannelModel, connect } from 'amqplib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Inbox } from '../../src/broker/inbox.js';
import { names } from '../../src/broker/topology.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let connections: ChannelModel[];
let inboxes: Inbox[];
let service: Service;

beforeEach(async () => {
  connections = [];
  inboxes = [];
  service = await Service.open();
});

afterEach(async () => {
  await service.close();
  for (const connection of connections) await connection.close().catch(() => {});
});

async function open(): Promise<Inbox> {
  const inbox = new Inbox(() => {});
  const connection = await connect(broker().amqpUrl);
  connections.push(connection);
  await inbox.open(connection);
  inboxes.push(inbox);
  return inbox;
}

describe('asking', () => {
  it('brings each question its own answer, also when answers come in another order', async () => {
    const [asker, asked] = [await open(), await open()];
    const replies: ((answer: unknown) => void)[] = [];
    asked.on('double', (body, reply) => {
      replies.push(() => reply((body as number) * 2));
    });
    const answers = Promise.all([1, 2, 3].map((n) => asker.askRelay(asked.id, 'double', n)));
    await waitFor(() => replies.length === 3, { what: 'the questions' });
    for (const reply of replies.reverse()) reply(undefined);
    expect(await answers).toEqual([2, 4, 6]);
  });

  it('somebody who is not there fails at once', async () => {
    const asker = await open();
    const before = Date.now();
    await expect(asker.askRelay('AAAAAAAAAAAA', 'x', null)).rejects.toMatchObject({
      code: 'ERR_NOBODY_THERE',
      status: 410,
    });
    expect(Date.now() - before).toBeLessThan(3000);
  });

  it('somebody who does not answer fails when the time is up', async () => {
    const [asker, asked] = [await open(), await open()];
    await expect(asker.ask('', `relay.inbox.${asked.id}`, 'unknown', null, 200)).rejects.toMatchObject({
      code: 'ERR_BROKER_UNAVAILABLE',
      status: 503,
    });
  });

  it('somebody who dies meanwhile, or dying oneself, fails', async () => {
    const [asker, asked] = [await open(), await open()];
    asked.on('silent', () => {});
    const pending = asker.askRelay(asked.id, 'silent', null);
    await connections[0]?.close();
    await expect(pending).rejects.toMatchObject({ status: 503 });
    await expect(asker.askRelay(asked.id, 'silent', null)).rejects.toMatchObject({ status: 503 });
    expect(asker.id).toBe('');
    const other = await open();
    const { id } = asked;
    await connections[1]?.close();
    await expect(other.askRelay(id, 'silent', null)).rejects.toMatchObject({ code: 'ERR_NOBODY_THERE' });
  });

  it('is deaf to what is no JSON, and to answers to nothing', async () => {
    const [asker, asked] = [await open(), await open()];
    const heard: unknown[] = [];
    asked.on('say', (body, reply) => {
      heard.push(body);
      reply('heard');
    });
    const queue = `relay.inbox.${asked.id}`;
    await service.publish('', queue, '{broken', { type: 'say' });
    await service.publish('', queue, '"x"', { type: 'answer', correlationId: '17' });
    await service.publish('', queue, 'null', { type: '__proto__' });
    expect(await asker.askRelay(asked.id, 'say', 'well')).toBe('heard');
    expect(heard).toEqual([undefined, 'well']);
  });
});

describe('following', () => {
  it('tells those who follow a user, for as long as they do, and nobody else', async () => {
    const [one, two] = [await open(), await open()];
    const user = unique('alice');
    const heard: [string, unknown][] = [];
    for (const [name, inbox] of Object.entries({ one, two })) {
      inbox.on('changed', (body) => heard.push([name, (body as { rests: string[] }).rests]));
    }
    await one.follow(user);
    await one.follow(user);
    await two.follow(unique('bob'));
    two.announce(user, ['a']);
    await waitFor(() => heard.length === 1, { what: 'the first change' });
    one.unfollow(user);
    two.announce(user, ['b']);
    await waitFor(() => heard.length === 2, { what: 'the second change' });
    one.unfollow(user);
    await two.follow(user);
    // Bound by the same channel of the broker's after the binding of the other was taken back.
    await waitFor(
      async () => {
        two.announce(user, ['c']);
        return heard.some(([name]) => name === 'two');
      },
      { what: 'the change at the other' },
    );
    const after = heard.length;
    two.announce(user, ['d']);
    await waitFor(() => heard.length > after, { what: 'one more' });
    expect(heard.slice(0, 2)).toEqual([
      ['one', ['a']],
      ['one', ['b']],
    ]);
    expect(heard.at(-1)?.[0]).toBe('two');
  });

  it('goes on over another connection', async () => {
    const one = await open();
    const user = unique('alice');
    let heard = 0;
    one.on('changed', () => heard++);
    await one.follow(user);
    const { id } = one;
    await connections[0]?.close();
    const connection = await connect(broker().amqpUrl);
    connections.push(connection);
    await one.open(connection);
    expect(one.id).not.toBe(id);
    await service.publish(names.changed, user, JSON.stringify({ userWord: user, rests: ['a'] }), {
      type: 'changed',
    });
    await waitFor(() => heard === 1, { what: 'the change' });
  });
});
