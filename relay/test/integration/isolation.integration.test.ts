import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { GRANTABLE_HEADERS } from '../../src/policy/load.js';
import { Service, type Tap } from '../support/amqp.js';
import { frame, type RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

const EVERYTHING = `
version: 1
rules:
  - subscribe: ['/topic/#', '/queue/#', '/amq/queue/#', '/temp-queue/#', '/exchange/#', '/exchange/#/#']
    send: ['/topic/#', '/queue/#', '/amq/queue/#', '/temp-queue/#', '/exchange/#', '/exchange/#/#', '/user/*/#', '/app/#']
    headers: [${GRANTABLE_HEADERS.join(', ')}]
`;

const LITTLE = `
version: 1
rules:
  - subscribe: ['/topic/news.#', '/queue/work.#', '/topic/of.{user}.#']
    send: ['/topic/news.#', '/queue/work.#', '/user/*/topic/#', '/temp-queue/*']
  - name: not this one
    deny: true
    subscribe: /topic/news.secret.#
    send: /topic/news.secret.#
`;

/** Allows whatever an access file can; private links have a broker user of their own. */
let wide: TestRelay;
/** The same, but private links use the relay's own broker user, which may do everything. */
let trusting: TestRelay;
/** Allows little, and no queue-shaping header. */
let narrow: TestRelay;
let service: Service;

beforeAll(async () => {
  [wide, trusting, narrow, service] = await Promise.all([
    startRelay({}, EVERYTHING),
    startRelay({ RABBITMQ_CLIENT_USERNAME: '', RABBITMQ_CLIENT_PASSWORD: '' }, EVERYTHING),
    startRelay({}, LITTLE),
    Service.open(),
  ]);
});

afterAll(async () => {
  await Promise.all([wide?.close(), trusting?.close(), narrow?.close(), service?.close()]);
});

/** Whatever clients of `relay` sent before over shared links has reached the broker after this, and then `tap`. */
async function settle(relay: TestRelay, tap: Tap, publish: (fence: string) => Promise<void>): Promise<void> {
  // Two sessions in a row get the two shared links for SEND.
  for (let i = 0; i < 2; i++) {
    const client = await relay.connected(unique('settler'));
    const key = unique('settle');
    await client.subscribed('s', `/topic/news.${key}`);
    client.send('SEND', { destination: `/topic/news.${key}`, receipt: 'sent' });
    await client.receipt('sent');
    client.destroy();
  }
  const fence = unique('fence');
  await publish(fence);
  await tap.message(fence);
}

describe('a frame inside another', () => {
  let hidden: string;
  let tap: Tap;
  beforeAll(async () => {
    hidden = unique('news.hidden');
    tap = await service.tap('amq.topic', `${hidden}.#`);
  });

  function smuggled(command: string): string {
    return frame('SEND', { destination: `/topic/${hidden}` }, `smuggled in ${command}`);
  }

  async function nothingArrived(): Promise<void> {
    await settle(wide, tap, (fence) => service.toTopic(`${hidden}.fence`, fence));
    expect(tap.bodies().filter((body) => !body.startsWith('fence-'))).toEqual([]);
  }

  it('would arrive if it were sent by itself', async () => {
    const control = await service.tap('amq.topic', `${hidden}.control`);
    const client = await wide.connected(unique('mallory'));
    client.write(smuggled('nothing').replace(hidden, `${hidden}.control`));
    await control.message('smuggled in nothing');
    tap.messages.length = 0;
  });

  it.each<[string, Record<string, string>]>([
    ['SUBSCRIBE', { id: '1', destination: '/topic/x' }],
    ['SUBSCRIBE', { id: '1', destination: '/queue/x' }],
    ['SUBSCRIBE', { id: '1', destination: '/user/topic/reply' }],
    ['UNSUBSCRIBE', { id: 's' }],
    ['UNSUBSCRIBE', { id: 'q' }],
    ['ACK', { id: '1' }],
    ['NACK', { id: '1' }],
    ['BEGIN', { transaction: 't' }],
    ['COMMIT', { transaction: 'open' }],
    ['ABORT', { transaction: 'open' }],
    ['DISCONNECT', {}],
  ])('never reaches the broker: in the body of %s %o', async (command, headers) => {
    const inner = smuggled(command);
    const length = { 'content-length': String(Buffer.byteLength(inner)) };
    for (const extra of [length, {}]) {
      const client = await wide.connected(unique('mallory'));
      await client.subscribed('s', '/topic/x');
      await client.subscribed('q', `/queue/${unique('own')}`);
      client.send('BEGIN', { transaction: 'open' });
      client.send(command, { ...headers, ...extra }, inner);
      const { error, code } = await client.refused();
      expect([error.headers.code, code]).toEqual(['ERR_BODY_NOT_ALLOWED', closures.protocolError.code]);
    }
    await nothingArrived();
  });

  it('never reaches the broker: in the body of CONNECT', async () => {
    const client = await wide.raw(unique('mallory'));
    const inner = smuggled('CONNECT');
    client.send('CONNECT', { 'accept-version': '1.2', 'content-length': String(inner.length) }, inner);
    expect((await client.refused()).code).toBe(closures.protocolError.code);
    await nothingArrived();
  });

  it('stays the body of a SEND whose content-length covers it', async () => {
    const key = unique('news');
    const outer = await service.tap('amq.topic', key);
    const client = await wide.connected(unique('mallory'));
    const body = `start\0${smuggled('SEND')}\n\n${smuggled('SEND')}`;
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    client.send('SEND', { destination: `/topic/${key}`, ...length }, body);
    await outer.message(body);
    await nothingArrived();
  });

  it.each<[string, (inner: string) => string]>([
    ['content-length 0 before a body', (inner) => `SEND\ndestination:/topic/x\ncontent-length:0\n\n${inner}`],
    [
      'a content-length that ends early',
      (inner) => `SEND\ndestination:/topic/x\ncontent-length:3\n\nabc${inner}`,
    ],
    [
      'two content-lengths',
      (inner) => `SEND\ndestination:/topic/x\ncontent-length:3\ncontent-length:9\n\nabc\0${inner}`,
    ],
    ['a NUL in a header', (inner) => `SEND\ndestination:/topic/x\na:b\0${inner}`],
    ['a NUL in the command', (inner) => `SE\0${inner}`],
    ['a NUL more than there should be', (inner) => `BEGIN\ntransaction:t\n\n\0\0${inner}`],
    ['a CR for a line end', (inner) => `SEND\ndestination:/topic/x\na:b\rc:d\n\n\0${inner}`],
    ['a destination with a line end', (inner) => `SEND\ndestination:/topic/x\\nfoo:bar\n\n\0${inner}`],
    [
      'a subscription with a line end',
      (inner) => `SUBSCRIBE\nid:1\ndestination:/queue/x\\n\\n\n\n\0${inner}`,
    ],
    ['a subscription with a NUL', (inner) => `SUBSCRIBE\nid:1\0\ndestination:/queue/x\n\n\0${inner}`],
  ])('ends the session: %s', async (name, bytes) => {
    const client = await wide.connected(unique('mallory'));
    client.write(bytes(smuggled(name)));
    expect((await client.refused()).code).toBe(closures.protocolError.code);
    await nothingArrived();
  });

  it.each(['1.0', '1.1', '1.2'])(
    'cannot be made of escaped headers, towards the broker: %s',
    async (version) => {
      const key = unique('news');
      const [outer, queue] = [await service.tap('amq.topic', key), unique('work')];
      const client = await wide.connected(unique('mallory'), {}, { 'accept-version': version });
      await client.subscribed('q', `/queue/${queue}`);
      const attack = `a\\n\\n\\\\0SEND\\ndestination\\c/topic/${hidden}\\n\\nx`;
      for (const destination of [`/topic/${key}`, `/queue/${queue}`]) {
        client.send('SEND', { destination, attack, 'na\\nme': 'x', id: attack }, 'outer');
      }
      const { properties } = await outer.message('outer');
      const read = version === '1.0' ? attack : unescaped(attack);
      expect(properties.headers?.attack).toBe(read);
      expect(properties.headers?.[version === '1.0' ? 'na\\nme' : 'na\nme']).toBe('x');
      await client.message('outer');
      await nothingArrived();
    },
  );

  it.each(['1.0', '1.1', '1.2'])(
    'cannot be made of a service’s headers, towards a client: %s',
    async (version) => {
      const alice = unique('alice');
      const key = unique('news');
      const client = await wide.connected(alice, {}, { 'accept-version': version });
      for (const [id, destination] of [
        ['t', `/topic/${key}`],
        ['u', '/user/topic/reply'],
        ['q', `/queue/${key}`],
      ] as const) {
        await client.subscribed(id, destination);
      }
      const headers = {
        evil: 'x\ninjected:yes\n\nfake body\0MESSAGE\ninjected:yes\n\n\0',
        'na\ninjected:yes\nme': 'y',
        'injected:yes\r\n': 'z',
        nul: 'a\0b',
        plain: 'kept',
      };
      await service.toTopic(key, 'true', { headers });
      await service.toUser(alice, 'topic.reply', 'true', { headers });
      await service.publish('', key, 'true', { headers });
      await waitFor(() => client.messages().length >= 3, { what: 'three messages' });
      expect(client.bodies()).toEqual(['true', 'true', 'true']);
      for (const message of client.messages()) {
        expect(message.headers).not.toHaveProperty('injected');
        expect(message.headers.plain).toBe('kept');
      }
      expect(
        client
          .messages()
          .map(({ headers: { subscription } }) => subscription)
          .sort(),
      ).toEqual(['q', 't', 'u']);
      expect(client.junk).toEqual([]);
    },
  );
});

function unescaped(text: string): string {
  return text.replace(/\\([nc\\])/g, (_whole, letter: string) => ({ n: '\n', c: ':' })[letter] ?? '\\');
}

describe.each([
  ['with a broker user of their own for private links', () => wide],
  ['with one broker user for everything', () => trusting],
])(
  'what belongs to the relay is out of reach of every frame, whatever the access file says, %s',
  (_name, at) => {
    /** A queue of a reserved name with one message in it. */
    let target: string;
    let victim: string;
    let taps: Tap[];

    beforeAll(async () => {
      target = unique('relay.test');
      victim = unique('victim');
      await service.channel.assertQueue(target, { durable: true, expires: 600_000 });
      await service.publish('', target, 'secret');
      taps = await Promise.all([
        service.tap('relay.user', `${victim}.#`),
        service.tap('relay.unread', `${victim}.#`),
        service.tap('relay.app', `${victim}.#`),
        service.tap('relay.control', ''),
      ]);
    });

    afterAll(async () => {
      await service.channel.deleteQueue(target);
    });

    async function untouched(): Promise<void> {
      expect(await service.channel.checkQueue(target)).toMatchObject({ messageCount: 1, consumerCount: 0 });
      // What relays of other tests tell each other is no client's doing.
      const seen = taps
        .flatMap((tap) => tap.messages)
        .filter(({ properties }) => properties.type !== 'missed');
      expect(seen.map(({ content }) => content.toString())).toEqual([]);
    }

    /** Sends one frame and expects an ERROR and a close that says "stop". */
    async function expectRefused(command: string, headers: Record<string, string>): Promise<void> {
      const client = await at().connected(unique('mallory'));
      client.send(command, { ...headers, receipt: 'r' }, command === 'SEND' ? 'forged' : '');
      const outcome = await waitFor(
        () =>
          client.closed ? 'closed' : client.frames.find(({ command: name }) => name === 'RECEIPT') && 'done',
        { what: 'an answer' },
      );
      expect(outcome, 'the frame was accepted').toBe('closed');
      const { code } = await client.refused();
      const stops = [closures.protocolError, closures.forbidden, closures.brokerRefused];
      expect(stops.map((closure) => closure.code)).toContain(code);
      expect(client.messages()).toEqual([]);
      await untouched();
    }

    it.each<[string, (name: string, node: string) => string]>([
      ['SUBSCRIBE', (name) => `/queue/${name}`],
      ['SUBSCRIBE', (name) => `/amq/queue/${name}`],
      ['SUBSCRIBE', () => '/amq/queue/relay.unread.intake'],
      ['SUBSCRIBE', (_name, node) => `/amq/queue/relay.node.${node}`],
      ['SUBSCRIBE', (_name, node) => `/queue/relay.node.${node}`],
      ['SUBSCRIBE', (name) => `/queue/${name.replace('.', '%2E')}`],
      ['SUBSCRIBE', (name) => `/amq/queue/${name.replace('r', '%72')}`],
      ['SUBSCRIBE', (name) => `/amq/queue/${name}/`],
      ['SUBSCRIBE', (name) => `/amq//queue/${name}`],
      ['SUBSCRIBE', (name) => `/reply-queue/${name}`],
      ['SUBSCRIBE', (name) => `/temp-queue/${name}`],
      ['SUBSCRIBE', () => '/exchange/relay.user'],
      ['SUBSCRIBE', () => '/exchange/relay.user/#'],
      ['SUBSCRIBE', () => '/exchange/relay.unread/#'],
      ['SUBSCRIBE', () => '/exchange/relay.app/#'],
      ['SUBSCRIBE', () => '/exchange/relay.control'],
      ['SUBSCRIBE', () => '/exchange/relay%2Euser/#'],
      ['SUBSCRIBE', () => '/exchange/amq.rabbitmq.trace/#'],
      ['SUBSCRIBE', () => '/exchange/amq.rabbitmq.log/#'],
      ['SEND', (name) => `/queue/${name}`],
      ['SEND', (name) => `/amq/queue/${name}`],
      ['SEND', (name) => `/reply-queue/${name}`],
      ['SEND', (name) => `/temp-queue/${name}`],
      ['SEND', (name) => `/exchange//${name}`],
      ['SEND', (name) => `/exchange/amq.default/${name}`],
      ['SEND', () => '/exchange/relay.user/VICTIM.topic.reply'],
      ['SEND', () => '/exchange/relay.unread/VICTIM.topic.reply'],
      ['SEND', () => '/exchange/relay.app/VICTIM.x'],
      ['SEND', () => '/exchange/relay.control'],
      ['SEND', () => '/exchange/relay.control/x'],
      ['SEND', () => '/exchange/relay%2Euser/VICTIM.topic.reply'],
    ])('%s (%#)', async (command, destination) => {
      const text = destination(target, at().node).replace('VICTIM', victim);
      await expectRefused(command, { id: '1', destination: text });
    });

    it.each<[string, (name: string) => string]>([
      ['a queue', (name) => name],
      ['a queue, as a destination', (name) => `/queue/${name}`],
      ['a queue as it is', (name) => `/amq/queue/${name}`],
      ['a reply queue', (name) => `/reply-queue/${name}`],
      ['a temporary queue', () => '/temp-queue/relay.x'],
      ['a user', () => '/exchange/relay.user/VICTIM.topic.reply'],
      ['the unread', () => '/exchange/relay.unread/VICTIM.topic.reply'],
      ['nothing that is', () => '/x'],
    ])('reply-to %s', async (_what, replyTo) => {
      for (const destination of ['/topic/x', '/queue/x', '/app/x']) {
        const value = replyTo(target).replace('VICTIM', victim);
        await expectRefused('SEND', { destination, 'reply-to': value });
      }
    });

    it.each(['/topic/x', '/exchange/amq.topic/x', '/exchange/amq.direct/x', '/queue/x'])(
      'x-queue-name on a SUBSCRIBE to %s',
      async (destination) => {
        for (const name of [target, 'relay.unread.intake', `relay.node.${at().node}`, unique('relay.new')]) {
          await expectRefused('SUBSCRIBE', {
            id: '1',
            destination,
            'x-queue-name': name,
            'auto-delete': 'false',
          });
        }
      },
    );

    it.each(['relay.user', 'relay.unread', 'relay.app', 'relay.control'])(
      'x-dead-letter-exchange: %s',
      async (exchange) => {
        const shaping = {
          'x-dead-letter-exchange': exchange,
          'x-dead-letter-routing-key': `${victim}.topic.reply`,
          'x-message-ttl': '1',
          'x-expires': '60000',
        };
        const work = `/queue/${unique('work')}`;
        await expectRefused('SEND', { destination: work, ...shaping });
        for (const destination of [`/queue/${unique('work')}`, '/topic/x', '/exchange/amq.topic/x']) {
          await expectRefused('SUBSCRIBE', { id: '1', destination, ack: 'client', ...shaping });
        }
      },
    );

    it('ids of the shared links are not a client’s', async () => {
      for (const id of ['node', 't1', 't2', 't3']) await expectRefused('UNSUBSCRIBE', { id });
      for (const id of ['T_node@@session@@1', 'T_t1@@session@@1', '@@@@1', '1']) {
        for (const command of ['ACK', 'NACK']) await expectRefused(command, { id });
        // The same with a private link that could carry it to the broker.
        const client = await at().connected(unique('mallory'));
        await client.subscribed('q', `/queue/${unique('own')}`);
        client.send('ACK', { id });
        expect((await client.refused()).code).toBe(closures.protocolError.code);
      }
    });

    it('the first of two destinations counts, for policy and broker alike', async () => {
      const key = unique('news');
      const tap = await service.tap('amq.topic', key);
      const client = await at().connected(unique('mallory'));
      client.write(`SEND\ndestination:/topic/${key}\ndestination:/queue/${target}\n\ntwo destinations\0`);
      await tap.message('two destinations');
      await untouched();
      client.write(`SEND\ndestination:/queue/${target}\ndestination:/topic/${key}\n\ntwo destinations\0`);
      await client.refused();
      await untouched();
    });
  },
);

describe('queues that the broker or another client made', () => {
  /** A client that asks over a temporary queue, one that was asked, and where the answer goes. */
  async function conversation(): Promise<{ asking: RawClient; asked: RawClient; replyTo: string }> {
    const queue = unique('work');
    const [asking, asked] = [await narrow.connected(unique('alice')), await narrow.connected(unique('bob'))];
    await asked.subscribed('q', `/queue/work.${queue}`);
    asking.send(
      'SEND',
      { destination: `/queue/work.${queue}`, 'reply-to': '/temp-queue/answers' },
      'question',
    );
    const replyTo = (await asked.message('question')).headers['reply-to'] ?? '';
    expect(replyTo).toMatch(/^\/reply-queue\/./);
    return { asking, asked, replyTo };
  }

  it('can be answered by who was asked', async () => {
    const { asking, asked, replyTo } = await conversation();
    asked.send('SEND', { destination: replyTo }, 'answer');
    await asking.message('answer');
  });

  it('cannot be sent to by anybody else who knows the name', async () => {
    const { asking, asked, replyTo } = await conversation();
    const name = replyTo.slice('/reply-queue/'.length);
    for (const destination of [replyTo, `/queue/${name}`, `/amq/queue/${name}`]) {
      for (const relay of destination === replyTo ? [narrow] : [narrow, wide]) {
        const mallory = await relay.connected(unique('mallory'));
        mallory.send('SEND', { destination, receipt: 'r' }, 'forged');
        const { code } = await mallory.refused();
        expect([closures.forbidden.code, closures.protocolError.code]).toContain(code);
      }
    }
    const mallory = await narrow.connected(unique('mallory'));
    mallory.send('SEND', { destination: '/topic/news.x', 'reply-to': replyTo });
    expect((await mallory.refused()).code).toBe(closures.forbidden.code);
    asked.send('SEND', { destination: replyTo }, 'answer');
    await asking.message('answer');
    expect(asking.bodies()).toEqual(['answer']);
  });

  it('cannot be read by anybody else who knows the name', async () => {
    const { asking, asked, replyTo } = await conversation();
    const name = replyTo.slice('/reply-queue/'.length);
    for (const destination of [replyTo, `/queue/${name}`, `/amq/queue/${name}`]) {
      const mallory = await wide.connected(unique('mallory'));
      mallory.send('SUBSCRIBE', { id: '1', destination, receipt: 'r' });
      expect((await mallory.refused()).code).toBe(closures.protocolError.code);
    }
    const mallory = await wide.connected(unique('mallory'));
    mallory.send('SUBSCRIBE', { id: '1', destination: '/topic/x', 'x-queue-name': name, receipt: 'r' });
    const { error } = await mallory.refused();
    expect(error.headers.message).toBeTruthy();
    asked.send('SEND', { destination: replyTo }, 'answer');
    await asking.message('answer');
  });
});

describe('what the broker refuses', () => {
  it.each<[string, Record<string, string>]>([
    ['SEND', { destination: '/exchange/no.such.exchange/x' }],
    ['SUBSCRIBE', { id: '1', destination: '/exchange/no.such.exchange/x' }],
    ['SUBSCRIBE', { id: '1', destination: '/amq/queue/no.such.queue' }],
    ['SUBSCRIBE', { id: '1', destination: '/queue/x', 'x-queue-type': 'no such type' }],
  ])('ends the session that asked with 4502, and no other: %s %o', async (command, headers) => {
    const key = unique('work');
    const neighbour = await wide.connected(unique('alice'));
    await neighbour.subscribed('q', `/queue/${key}`);
    for (const receipt of [{ receipt: 'r' }, {}]) {
      const client = await wide.connected(unique('bob'));
      client.send(command, { ...headers, ...receipt });
      const { error, code, reason } = await client.refused();
      expect({ code, reason }).toEqual({
        code: closures.brokerRefused.code,
        reason: closures.brokerRefused.reason,
      });
      expect(error.headers.code).toBe('ERR_BROKER_REFUSED');
    }
    neighbour.send('SEND', { destination: `/queue/${key}` }, 'still here');
    await neighbour.message('still here');
  });
});

describe('acknowledgements of another session', () => {
  it('are refused over private links, and change nothing', async () => {
    const [key, own] = [`work.${unique('acks')}`, `work.${unique('own')}`];
    const alice = await narrow.connected(unique('alice'));
    await alice.subscribed('q', `/queue/${key}`, { ack: 'client-individual' });
    await service.publish('', key, 'for alice');
    const ack = (await alice.message('for alice')).headers.ack ?? '';
    for (const command of ['ACK', 'NACK']) {
      const mallory = await narrow.connected(unique('mallory'));
      await mallory.subscribed('q', `/queue/${own}`, { ack: 'client-individual' });
      mallory.send(command, { id: ack, receipt: 'r' });
      const { error, code } = await mallory.refused();
      expect([error.headers.code, code]).toEqual(['ERR_UNKNOWN_ACK', closures.protocolError.code]);
    }
    alice.send('ACK', { id: ack, receipt: 'done' });
    await alice.receipt('done');
    alice.destroy();
    expect(await service.channel.checkQueue(key)).toMatchObject({ messageCount: 0 });
  });

  it('are refused for user messages, and change nothing', async () => {
    const [name, other] = [unique('alice'), unique('mallory')];
    const unread = await service.tapUnread(name);
    const [alice, mallory] = [await narrow.connected(name), await narrow.connected(other)];
    for (const client of [alice, mallory]) {
      await client.subscribed('s', '/user/topic/reply', { ack: 'client-individual' });
    }
    await service.toUser(name, 'topic.reply', 'for alice');
    await service.toUser(other, 'topic.reply', 'for mallory');
    const ack = (await alice.message('for alice')).headers.ack ?? '';
    expect((await mallory.message('for mallory')).headers.ack).not.toBe(ack);
    mallory.send('ACK', { id: ack });
    expect((await mallory.refused()).error.headers.code).toBe('ERR_UNKNOWN_ACK');
    alice.destroy();
    await unread.message('for alice');
  });
});

describe('the policy', () => {
  it.each<[string, string]>([
    ['SUBSCRIBE', '/topic/other'],
    ['SUBSCRIBE', '/topic/#'],
    ['SUBSCRIBE', '/topic/*'],
    ['SUBSCRIBE', '/topic/newsroom'],
    ['SUBSCRIBE', '/topic/news.secret'],
    ['SUBSCRIBE', '/topic/news.#'],
    ['SUBSCRIBE', '/topic/news.*'],
    ['SUBSCRIBE', '/topic/of.somebody.else'],
    ['SUBSCRIBE', '/queue/other'],
    ['SUBSCRIBE', '/amq/queue/work.x'],
    ['SUBSCRIBE', '/exchange/amq.topic/news.x'],
    ['SEND', '/topic/other'],
    ['SEND', '/topic/news.secret.deep'],
    ['SEND', '/user/bob/queue/x'],
    ['SEND', '/app/orders'],
    ['SEND', '/queue/other'],
    ['SEND', '/amq/queue/work.x'],
    ['SEND', '/exchange/amq.topic/news.x'],
    ['SEND', '/reply-queue/amq.gen-x'],
  ])('denies %s %s with 4403, naming the destination', async (command, destination) => {
    const client = await narrow.connected(unique('mallory'));
    client.send(command, { id: '1', destination, receipt: 'r' });
    const { error, code, reason } = await client.refused();
    expect({ code, reason }).toEqual({ code: closures.forbidden.code, reason: closures.forbidden.reason });
    expect(error.headers).toMatchObject({ code: 'ERR_FORBIDDEN', 'receipt-id': 'r' });
    expect(error.headers.message).toContain(destination);
  });

  it('denies the temporary queue of a reply-to that no rule allows', async () => {
    const strict = await startRelay({}, 'version: 1\nrules:\n  - send: /queue/work.#\n');
    try {
      const client = await strict.connected(unique('mallory'));
      client.send('SEND', { destination: '/queue/work.x', 'reply-to': '/temp-queue/x' });
      expect((await client.refused()).code).toBe(closures.forbidden.code);
    } finally {
      await strict.close();
    }
  });

  it('allows what its rules say, own placeholders included', async () => {
    const user = unique('alice');
    const client = await narrow.connected(user);
    await client.subscribed('1', '/topic/news.sport');
    await client.subscribed('2', `/topic/of.${user}.#`);
    await client.subscribed('3', `/queue/work.${user}`);
    client.send('SEND', { destination: '/user/bob/topic/x', receipt: 'sent' });
    await client.receipt('sent');
  });

  it('without an access file allows nothing but one’s own user destinations', async () => {
    const closed = await startRelay({ RELAY_ACCESS_FILE: '' });
    try {
      const user = unique('alice');
      const client = await closed.connected(user);
      await client.subscribed('1', '/user/topic/reply');
      await service.toUser(user, 'topic.reply', 'mine');
      await client.message('mine');
      client.send('SEND', { destination: `/user/${user}/topic/reply` });
      expect((await client.refused()).code).toBe(closures.forbidden.code);
      const reader = await closed.connected(user);
      reader.send('SUBSCRIBE', { id: '1', destination: '/topic/x' });
      expect((await reader.refused()).code).toBe(closures.forbidden.code);
    } finally {
      await closed.close();
    }
  });
});

describe('headers that shape queues', () => {
  it.each(GRANTABLE_HEADERS)('are refused without a grant: %s', async (name) => {
    const attempts: [string, string][] = [
      ['SUBSCRIBE', '/queue/work.x'],
      ['SUBSCRIBE', '/topic/news.x'],
      ['SEND', '/queue/work.x'],
    ];
    for (const [command, destination] of attempts) {
      const client = await narrow.connected(unique('mallory'));
      client.send(command, { id: '1', destination, [name]: '1', receipt: 'r' });
      const { error, code } = await client.refused();
      expect([error.headers.code, code]).toEqual(['ERR_FORBIDDEN', closures.forbidden.code]);
      expect(error.headers.message).toContain(name);
      expect(error.headers['receipt-id']).toBe('r');
    }
  });

  it('shape a queue where they are granted', async () => {
    const queue = unique('shaped');
    const client = await wide.connected(unique('alice'));
    client.send('SEND', { destination: `/queue/${queue}`, 'x-expires': '60000', receipt: 'sent' });
    await client.receipt('sent');
    const options = { durable: true, arguments: { 'x-expires': 60000 } };
    await expect(service.channel.assertQueue(queue, options)).resolves.toMatchObject({ messageCount: 1 });
  });

  it('that no rule can grant do not reach a queue', async () => {
    const queue = `work.${unique('plain')}`;
    const client = await narrow.connected(unique('alice'));
    const headers = {
      'x-queue-mode': 'lazy',
      'x-max-age': '1D',
      'x-delivery-limit': '1',
      'x-max-in-memory-length': '1',
      'x-queue-version': '2',
      'x-queue-leader-locator': 'balanced',
      'x-initial-cluster-size': '1',
      'x-dead-letter-strategy': 'at-least-once',
      'x-consumer-timeout': '1',
    };
    client.send('SEND', { destination: `/queue/${queue}`, ...headers, receipt: 'sent' });
    await client.receipt('sent');
    client.send('SUBSCRIBE', {
      id: '1',
      destination: `/queue/${queue}.2`,
      ...headers,
      receipt: 'subscribed',
    });
    await client.receipt('subscribed');
    // The broker refuses to declare a queue again with other arguments than it has.
    for (const name of [queue, `${queue}.2`]) {
      await expect(service.channel.assertQueue(name, { durable: true })).resolves.toMatchObject({
        queue: name,
      });
    }
  });
});
