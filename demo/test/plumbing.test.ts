import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeUser as relaysOwn } from '../../relay/src/user-word.js';
import { canBeReached, encodeUser, replyKey, userKey } from '../services/address.js';
import { Database } from '../services/database.js';
import { Fields } from '../services/fields.js';
import { reasonOf } from '../services/log.js';
import { Refused } from '../services/refused.js';
import { Schedule } from '../services/schedule.js';

describe('addresses', () => {
  it.each(['alice', 'alice@example.com', 'a*b', 'a/b', 'ünï', "it's", 'a%2Eb', '#'])(
    'encode %s as the relay does',
    (name) => {
      expect(encodeUser(name)).toBe(relaysOwn(name));
      expect(userKey(name, 'orders')).toBe(`${relaysOwn(name)}.topic.orders`);
    },
  );

  it('are for names that fit into a routing key', () => {
    expect(canBeReached('alice')).toBe(true);
    expect(canBeReached('x'.repeat(200))).toBe(true);
    for (const name of ['', 'x'.repeat(201), '.'.repeat(67), '\ud800'])
      expect(canBeReached(name)).toBe(false);
  });

  it('of replies are the asking user’s own', () => {
    expect(replyKey('/exchange/relay.user/alice.queue.replies', 'alice')).toBe('alice.queue.replies');
    expect(replyKey('/exchange/relay.user/a%40b%2Ec.queue.r', 'a@b.c')).toBe('a%40b%2Ec.queue.r');
  });

  it.each([
    undefined,
    '',
    'alice.queue.replies',
    '/queue/replies',
    '/topic/alice.queue.replies',
    '/exchange/amq.topic/alice.queue.replies',
    '/exchange/relay.user/bob.queue.replies',
    '/exchange/relay.user/alicex.queue.replies',
    '/exchange/relay.user/alice',
    '/exchange/relay.user/alice.',
    '/exchange/relay.user/alice.queue/../bob.x',
    '/exchange/relay.user.x/alice.queue.replies',
    `/exchange/relay.user/alice.${'x'.repeat(255)}`,
  ])('of replies are never %s', (replyTo) => {
    expect(replyKey(replyTo, 'alice')).toBeUndefined();
  });
});

describe('fields', () => {
  const status = (read: () => unknown) => {
    try {
      return read();
    } catch (error) {
      return error instanceof Refused ? error.status : error;
    }
  };

  it.each([null, undefined, 1, 'text', ['list'], true])('are not %j', (content) => {
    expect(status(() => new Fields(content))).toBe(400);
  });

  it('are what they are said to be', () => {
    const fields = new Fields({ text: ' a ', n: 3, on: false, kind: 'a', list: ['x'], none: undefined });
    expect(fields.text('text', 1)).toBe('a');
    expect(fields.whole('n', 1, 3)).toBe(3);
    expect(fields.flag('on')).toBe(false);
    expect(fields.oneOf('kind', ['b', 'a'])).toBe('a');
    expect(fields.texts('list', 1)).toEqual(['x']);
    expect([fields.has('n'), fields.has('none'), fields.has('else')]).toEqual([true, false, false]);
  });

  it('are refused when they are not', () => {
    const fields = new Fields({
      long: 'aa',
      blank: ' ',
      nul: 'a\0b',
      n: 3,
      half: 0.5,
      nan: Number.NaN,
      list: [1],
    });
    for (const read of [
      () => fields.text('long', 1),
      () => fields.text('blank', 9),
      () => fields.text('nul', 9),
      () => fields.text('n', 9),
      () => fields.text('missing', 9),
      () => fields.whole('n', 4, 9),
      () => fields.whole('n', 0, 2),
      () => fields.whole('half', 0, 9),
      () => fields.whole('nan', 0, 9),
      () => fields.whole('long', 0, 9),
      () => fields.flag('n'),
      () => fields.oneOf('long', ['a']),
      () => fields.texts('list', 9),
      () => fields.texts('long', 9),
      () => new Fields({ list: ['a', 'b'] }).texts('list', 1),
    ]) {
      expect(status(read)).toBe(400);
    }
  });

  it('keep new lines', () => {
    expect(new Fields({ text: 'a\n\tb' }).text('text', 9)).toBe('a\n\tb');
  });
});

describe('the database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'demo-database-'));
  const open = () =>
    Database.open(folder, 'x', 'CREATE TABLE IF NOT EXISTS t (id TEXT PRIMARY KEY, n INTEGER)');
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps what was committed and drops what was not', () => {
    const database = open();
    database.transaction(() => database.run('INSERT INTO t VALUES (?, ?)', 'kept', 2 ** 40));
    expect(() =>
      database.transaction(() => {
        database.transaction(() => database.run('INSERT INTO t VALUES (?, ?)', 'dropped', null));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(database.run('INSERT INTO t VALUES (?, ?) ON CONFLICT DO NOTHING', 'kept', 1)).toBe(0);
    database.close();
    const again = open();
    expect(again.all('SELECT id, n FROM t')).toEqual([{ id: 'kept', n: 2 ** 40 }]);
    expect(again.first('SELECT id FROM t WHERE id = ?', 'dropped')).toBeUndefined();
    again.close();
  });

  it('is readable by its owner only', () => {
    const database = open();
    expect(statSync(join(folder, 'x.db')).mode & 0o777).toBe(0o600);
    database.close();
  });

  it.each([true, undefined, {}, Number.NaN])('refuses to store %j, which would end the process', (value) => {
    const database = open();
    expect(() => database.run('INSERT INTO t VALUES (?, 1)', value as never)).toThrow(TypeError);
    database.close();
  });
});

describe('the schedule', () => {
  afterEach(() => vi.useRealTimers());
  const log = () => ({ info: vi.fn(), warn: vi.fn() });

  it('does things later, as much faster as it is told, and nothing after its end', () => {
    vi.useFakeTimers();
    const schedule = new Schedule(10, false, log());
    const work = vi.fn();
    schedule.after(1000, work);
    vi.advanceTimersByTime(99);
    expect(work).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledOnce();
    schedule.every([1000, 1000], work);
    vi.advanceTimersByTime(300);
    expect(work).toHaveBeenCalledTimes(4);
    schedule.after(1, work);
    schedule.close();
    schedule.after(1, work);
    vi.advanceTimersByTime(1000);
    expect(work).toHaveBeenCalledTimes(4);
  });

  it('goes on after work that failed', () => {
    vi.useFakeTimers();
    const said = log();
    const schedule = new Schedule(1, false, said);
    const work = vi.fn(() => {
      throw new Error('broken');
    });
    schedule.every(10, work);
    vi.advanceTimersByTime(20);
    expect(work).toHaveBeenCalledTimes(2);
    expect(said.warn).toHaveBeenCalledTimes(2);
    schedule.close();
  });

  it('repeats nothing when it is to be quiet', () => {
    vi.useFakeTimers();
    const schedule = new Schedule(1, true, log());
    const work = vi.fn();
    schedule.every(10, work);
    vi.advanceTimersByTime(1000);
    expect(work).not.toHaveBeenCalled();
  });
});

it('logs the reason of an error without what a URL has in front of its host', () => {
  expect(reasonOf(new Error('cannot reach amqp://relay:secret@127.0.0.1:5672/x'))).toBe(
    'cannot reach amqp://127.0.0.1:5672/x',
  );
});
