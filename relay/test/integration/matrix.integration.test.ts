import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { covers } from '../../src/policy/topic-match.js';
import { ROWS } from '../policy/matrix/destinations.js';
import { type Expectation, expectations } from '../policy/matrix/expectations.js';
import { ACCESS_FILE, GRANTS_CLAIM, IDENTITIES, type MatrixIdentity } from '../policy/matrix/identities.js';
import { Service, type Tap } from '../support/amqp.js';
import { HandshakeRefused, type RawClient } from '../support/raw.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { inSeconds } from '../support/tokens.js';

// The same table as policy/matrix, asked of relays with a broker behind them, frame by frame, and over HTTP.

/** How a cell of the table is asked. Those of one action must all be answered the same. */
const WAYS = {
  subscribe: ['SUBSCRIBE', 'SUBSCRIBE, acknowledged'],
  send: ['SEND', 'SEND in a transaction'],
} as const;

const AT_ONCE = 16;
const TAPPED = ['relay.user', 'amq.topic', 'relay.app'];
const END = 'the end';

let relays: Record<MatrixIdentity['mode'], TestRelay>;
let service: Service;

beforeAll(async () => {
  const start = (mode: string) =>
    startRelay(
      { RELAY_GRANTS_CLAIM: GRANTS_CLAIM, RELAY_GRANTS_MODE: mode, RELAY_HTTP_RATE: '1000000' },
      ACCESS_FILE,
    );
  const [narrow, widen] = await Promise.all([start('narrow'), start('widen')]);
  relays = { narrow, widen };
  service = await Service.open();
  // A queue that is only there when an application has made it.
  await service.channel.assertQueue('stats');
});

afterAll(async () => {
  await Promise.all([relays?.narrow, relays?.widen, service].map((part) => part?.close()));
});

function tokenOf({ user, claims, mode, refused }: MatrixIdentity): Promise<string> {
  const end = refused === 'expired' ? { exp: inSeconds(-60) } : {};
  return relays[mode].token(user, { jti: `of ${user}`, ...claims, ...end });
}

/** @throws HandshakeRefused for those whom nobody lets in */
async function connected(who: MatrixIdentity): Promise<RawClient> {
  const authorization = `Bearer ${await tokenOf(who)}`;
  const client = await relays[who.mode].anonymous({ socket: { headers: { authorization } } });
  await client.connect();
  return client;
}

/** STOMP 1.2, Value Encoding. */
function escaped(text: string): string {
  return text.replace(/[\\\n\r:]/g, (c) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r' })[c] ?? '\\c');
}

function ask(client: RawClient, way: string, destination: string, name: string, body: string): void {
  const headers = { destination: escaped(destination), receipt: name };
  switch (way) {
    case 'SUBSCRIBE':
      client.send('SUBSCRIBE', { id: name, ...headers });
      break;
    case 'SUBSCRIBE, acknowledged':
      client.send('SUBSCRIBE', { id: name, ack: 'client-individual', ...headers });
      break;
    case 'SEND':
      client.send('SEND', headers, body);
      break;
    default:
      client.send('BEGIN', { transaction: name });
      client.send('SEND', { ...headers, transaction: name }, body);
      client.send('COMMIT', { transaction: name });
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const shown = (who: MatrixIdentity, way: string, destination: string) =>
  `${who.user}: ${way} ${JSON.stringify(destination)}`;

const cells = expectations();
const letIn = IDENTITIES.filter(({ refused }) => refused === undefined);

describe('the matrix, asked of relays', () => {
  it('lets nobody in whose token is refused, or who has none', async () => {
    const revoked = IDENTITIES.filter(({ refused }) => refused === 'revoked');
    for (const who of revoked) {
      await service.publish('relay.control', '', JSON.stringify({ jti: `of ${who.user}` }));
      await expect.poll(() => outcome(who)).toBe(401);
    }
    for (const who of IDENTITIES.filter(({ refused }) => refused !== undefined && refused !== 'none')) {
      expect([who.user, await outcome(who)]).toEqual([who.user, 401]);
    }
    for (const relay of Object.values(relays)) {
      const client = await relay.anonymous();
      client.send('CONNECT', { 'accept-version': '1.2', login: 'guest', passcode: 'guest' });
      expect((await client.refused()).error.headers.code).toBe('ERR_TOKEN_MALFORMED');
    }
  });

  it('is what explain says, over HTTP', async () => {
    const wrong: string[] = [];
    await inParallel(letIn, async (who) => {
      const headers = { authorization: `Bearer ${await tokenOf(who)}` };
      for (const { action, destination, allowed } of cells.filter(({ identity }) => identity === who)) {
        const query = new URLSearchParams({ action, destination });
        const response = await fetch(`${relays[who.mode].url}/api/explain?${query}`, { headers });
        const answer = (await response.json()) as { allowed?: boolean };
        if (answer.allowed !== allowed) wrong.push(`${shown(who, action, destination)}: ${answer.allowed}`);
      }
    });
    expect(wrong).toEqual([]);
  });

  it.each(WAYS.send)(
    'refuses every %s that is not allowed, lets through the others, and nothing leaks',
    async (way) => {
      const taps = await Promise.all(TAPPED.map((exchange) => service.tap(exchange, '#')));
      const asked = cells.filter(({ action, identity }) => action === 'send' && letIn.includes(identity));
      expect(await leaks(way, asked)).toEqual([]);
      const sent = asked.filter(({ allowed }) => allowed).map(bodyOf);
      const arrived = await passed(taps);
      for (const { content, properties } of arrived) {
        const body = content.toString();
        // Queues are not tapped: what is sent there shows by its receipt.
        expect(sent).toContain(body);
        expect(body.startsWith(`${properties.headers?.['relay-user']}|`)).toBe(true);
      }
      const tapped = sent.filter((body) => !body.includes('/queue/'));
      expect(arrived.map(({ content }) => content.toString()).sort()).toEqual(tapped.sort());
    },
  );

  it.each(WAYS.subscribe)(
    'refuses every %s that is not allowed, and lets through the others',
    async (way) => {
      const asked = cells.filter(
        ({ action, identity }) => action === 'subscribe' && letIn.includes(identity),
      );
      expect(await leaks(way, asked)).toEqual([]);
    },
  );

  it('delivers to each subscription what is for it alone', async () => {
    const readers = await Promise.all(letIn.map(subscribedToAll));
    const users = IDENTITIES.map(({ user }) => user);
    for (const user of users) {
      for (const rest of ['topic.reply', 'bob.topic.reply'])
        await service.toUser(user, rest, `${user}|${rest}`);
    }
    const keys = ROWS.map(({ destination }) => destination.replace(/^\/(topic|exchange\/amq\.topic)\//, ''));
    const plain = keys.filter((key) => /^[\w.{}]{1,200}$/.test(key));
    expect(plain.length).toBeGreaterThan(10);
    for (const key of plain) await service.toTopic(key, key);
    for (const { who, client, destinations } of readers) {
      await client.message(`${who.user}|topic.reply`);
      client.send('DISCONNECT', { receipt: 'bye' });
      await client.receipt('bye');
      for (const { headers, body } of client.messages()) {
        const destination = destinations.get(headers.subscription ?? '') ?? '';
        const text = body.toString();
        const rest = destination.slice('/user/'.length).replaceAll('/', '.');
        if (destination.startsWith('/user/') && rest === 'relay.unread') {
          // What the SENDs before have left: nobody who was written to was there.
          expect(JSON.parse(text)).toEqual({ destination: '/topic/reply', count: expect.any(Number) });
        } else if (destination.startsWith('/user/')) {
          expect(text).toBe(`${who.user}|${rest}`);
        } else if (/^\/(topic|exchange)\//.test(destination)) {
          const pattern = destination.replace(/^\/(topic|exchange\/amq\.topic)\/?/, '');
          expect([destination, text, covers(pattern.split('.'), text.split('.'))]).toEqual([
            destination,
            text,
            true,
          ]);
        }
      }
      const own = client.bodies().filter((body) => body === `${who.user}|topic.reply`);
      expect([who.user, own.length]).toEqual([who.user, 1]);
    }
  });
});

/** What the handshake is answered with. */
async function outcome(who: MatrixIdentity): Promise<number> {
  try {
    (await connected(who)).destroy();
    return 101;
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.status;
    throw error;
  }
}

const bodyOf = ({ identity, destination }: Expectation) => `${identity.user}|${destination}`;

/** What the relay itself shows cannot be acknowledged: that is no matter of leave. */
const canBe = (way: string, { destination }: Expectation) =>
  way !== 'SUBSCRIBE, acknowledged' || !/^\/user\/relay[./]/.test(destination);

/** Asks each cell of a broker's relay; returns those that were answered otherwise than expected. */
async function leaks(way: string, asked: readonly Expectation[]): Promise<string[]> {
  const wrong: string[] = [];
  const judge = (cell: Expectation, was: string) =>
    wrong.push(`${shown(cell.identity, way, cell.destination)}: ${was}`);
  // One connection for everything that is allowed to somebody: none of it may end it.
  await inParallel(letIn, async (who) => {
    const client = await connected(who);
    const allowed = asked.filter((cell) => cell.identity === who && cell.allowed && canBe(way, cell));
    for (const [i, cell] of allowed.entries()) {
      ask(client, way, cell.destination, `r${i}`, bodyOf(cell));
      await client.receipt(`r${i}`).catch((error: Error) => judge(cell, error.message));
    }
    client.destroy();
  });
  // And one for each that is not: its end is the answer.
  await inParallel(
    asked.filter(({ allowed }) => !allowed),
    async (cell) => {
      const client = await connected(cell.identity);
      ask(client, way, cell.destination, 'r', bodyOf(cell));
      await client.over();
      const commands = client.frames.map(({ command }) => command).join(' ');
      if (commands !== 'CONNECTED ERROR') judge(cell, commands);
    },
  );
  return wrong;
}

/** What has passed the exchanges by now: the broker has confirmed it, and this comes after it. */
async function passed(taps: readonly Tap[]) {
  for (const [i, exchange] of TAPPED.entries()) {
    await service.publish(exchange, 'matrix.end', END);
    await taps[i]?.message(END);
  }
  return taps.flatMap(({ messages }) => messages).filter(({ content }) => content.toString() !== END);
}

async function subscribedToAll(who: MatrixIdentity) {
  const client = await connected(who);
  const destinations = new Map<string, string>();
  for (const { identity, action, destination, allowed } of cells) {
    if (identity !== who || action !== 'subscribe' || !allowed || destination.includes('/queue/')) continue;
    const id = `s${destinations.size}`;
    destinations.set(id, destination);
    ask(client, 'SUBSCRIBE', destination, id, '');
    await client.receipt(id);
  }
  return { who, client, destinations };
}
