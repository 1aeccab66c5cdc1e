import { type ChannelModel, connect } from 'amqplib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatedRevocation, keyOf } from '../../src/auth/revocation.js';
import { RevocationLog } from '../../src/broker/revocation-log.js';
import { names } from '../../src/broker/topology.js';
import { createLogger } from '../../src/logger.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

/** One relay's log, with all that was read out of it. */
class Reader {
  readonly added: DatedRevocation[] = [];
  readonly remembered: DatedRevocation[] = [];
  readonly broken: Error[] = [];
  readonly log = new RevocationLog((error) => this.broken.push(error), createLogger('silent'));
  private connection: ChannelModel | undefined;
  /** What waits for `apply`. */
  private fresh: DatedRevocation[] = [];

  constructor() {
    this.log.follow({
      add: (revocation) => {
        this.added.push(revocation);
        this.fresh.push(revocation);
      },
      remember: (revocation) => this.remembered.push(revocation),
      apply: () => new Map(this.fresh.splice(0).map((each) => [keyOf(each), 1])),
    });
  }

  async open(): Promise<void> {
    await this.connection?.close().catch(() => {});
    this.connection = await connect(broker().amqpUrl);
    this.connection.on('error', () => {});
    await this.log.open(this.connection);
  }

  async leave(): Promise<void> {
    this.log.close();
    await this.connection?.close().catch(() => {});
    this.connection = undefined;
  }

  /** What was read about this user. */
  of(user: string): DatedRevocation[] {
    return this.added.filter((each) => each.user === user);
  }
}

let service: Service;
let readers: Reader[];

beforeEach(async () => {
  readers = [];
  service = await Service.open();
});

afterEach(async () => {
  await Promise.all([service.close(), ...readers.map((reader) => reader.leave())]);
});

async function reader(): Promise<Reader> {
  const made = new Reader();
  readers.push(made);
  await made.open();
  return made;
}

const now = () => Math.floor(Date.now() / 1000);
const publish = (revocation: object, options = {}) =>
  service.publish(names.control, '', JSON.stringify(revocation), options);

describe('the log of revocations', () => {
  it('is known from its beginning once it is open', async () => {
    const user = unique('alice');
    const first = new Reader();
    readers.push(first);
    expect(first.log.known).toBe(false);
    await first.open();
    expect(first.log.known).toBe(true);
    for (let at = 1; at <= 50; at++) await publish({ user, at });
    expect((await reader()).of(user).map(({ at }) => at)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    await waitFor(() => first.of(user).length === 50, { what: 'the same, live' });
  });

  it('tells whoever publishes when it was applied here, and others as well', async () => {
    const [one, two] = [await reader(), await reader()];
    const user = unique('alice');
    expect(await one.log.publish({ user, at: now() })).toBe(1);
    expect(one.of(user)).toHaveLength(1);
    await waitFor(() => two.of(user).length === 1, { what: 'the revocation at the other' });
  });

  it('cannot be written to while the broker is away', async () => {
    const away = { code: 'ERR_BROKER_UNAVAILABLE', closure: 'brokerUnavailable' };
    await expect(new Reader().log.publish({ user: 'alice', at: now() })).rejects.toMatchObject(away);
    const one = await reader();
    const pending = one.log.publish({ user: 'alice', at: now() });
    await one.leave();
    await expect(pending.then(() => Promise.reject(away))).rejects.toMatchObject(away);
    await expect(one.log.publish({ user: 'alice', at: now() })).rejects.toMatchObject(away);
  });

  it('goes on where it was after another connection, without telling anything twice', async () => {
    const one = await reader();
    const [before, meanwhile] = [unique('alice'), unique('alice')];
    await one.log.publish({ user: before, at: now() });
    const { length } = one.added;
    await one.leave();
    await publish({ user: meanwhile, at: now() });
    await one.open();
    expect(one.added.slice(length).map(({ user }) => user)).toEqual([meanwhile]);
  });

  it('takes nothing that did not come through its exchange, where private links may not write', async () => {
    const one = await reader();
    const user = unique('alice');
    await service.publish('', names.revocations, JSON.stringify({ user, at: now() }));
    await one.log.publish({ user: unique('bob'), at: now() });
    expect(one.of(user)).toEqual([]);
    expect((await reader()).of(user)).toEqual([]);
  });

  it('is read from its beginning when it is another one, shorter or longer', async () => {
    const one = await reader();
    for (let i = 0; i < 20; i++) await one.log.publish({ user: unique('old'), at: now() });
    for (const length of [2, 200]) {
      await service.channel.deleteQueue(names.revocations);
      await waitFor(() => one.broken.length > 0, { what: 'the end of the log' });
      const writer = await reader();
      const user = unique('new');
      for (let at = 1; at <= length; at++) writer.log.post({ user, at });
      await writer.log.publish({ user, at: length + 1 });
      one.broken.length = 0;
      // The connection is made again until it works, as the relay does it.
      await waitFor(
        () =>
          one.open().then(
            () => true,
            () => false,
          ),
        { what: 'the new log', timeout: 20_000 },
      );
      expect(one.of(user)).toHaveLength(length + 1);
    }
  });
});

describe('a revocation without a time', () => {
  it('counts from when it was read, and later readers are told', async () => {
    const [one, two] = [await reader(), await reader()];
    const user = unique('alice');
    const before = now();
    await publish({ user });
    for (const each of [one, two]) {
      const [read] = await waitFor(() => each.of(user).length > 0 && each.of(user), {
        what: 'the revocation',
      });
      expect(read?.at).toBeGreaterThanOrEqual(before);
    }
    // One of them writes the time, and both take it for what they know already.
    for (const each of [one, two]) {
      await waitFor(() => each.remembered.some((stamp) => stamp.user === user), { what: 'the time' });
      expect(each.of(user)).toHaveLength(1);
    }
    const stamped = one.remembered.find((stamp) => stamp.user === user);
    const late = await reader();
    expect(late.of(user).map(({ at }) => at)).toEqual([stamped?.at]);
  });

  it('that came while nobody was there counts from when the first one is', async () => {
    const user = unique('alice');
    await (await reader()).leave();
    const early = now();
    await publish({ user });
    await waitFor(() => now() > early, { what: 'the next second' });
    const first = await reader();
    const at = first.of(user)[0]?.at ?? 0;
    expect(at).toBeGreaterThan(early);
    await waitFor(() => first.remembered.some((stamp) => stamp.user === user), { what: 'the time' });
    expect((await reader()).of(user).map((each) => each.at)).toEqual([at]);
  });

  it('has the time of the AMQP property, if that is in seconds', async () => {
    const one = await reader();
    const [dated, milliseconds] = [unique('alice'), unique('bob')];
    const then = now() - 1000;
    await publish({ user: dated }, { timestamp: then });
    await publish({ user: milliseconds }, { timestamp: Date.now() });
    await waitFor(() => one.of(milliseconds).length > 0, { what: 'both' });
    expect(one.of(dated)).toMatchObject([{ at: then }]);
    expect(one.of(milliseconds)[0]?.at).toBeLessThanOrEqual(now());
  });
});
