import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Database } from '../services/database.js';
import type { Outgoing } from '../services/messages.js';
import { OUTBOX_SCHEMA, Outbox } from '../services/outbox.js';

let folder: string;
let database: Database;
let published: string[];
/** What the connection does with a message; the real one is in the integration tests. */
let publish: (message: Outgoing) => Promise<void>;
const log = { info: vi.fn(), warn: vi.fn() };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-outbox-'));
  database = Database.open(folder, 'outbox', OUTBOX_SCHEMA);
  published = [];
  publish = async ({ body }) => {
    published.push(body);
  };
  vi.clearAllMocks();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = () => new Outbox(database, () => ({ publish: (message) => publish(message) }), log);
const message = (body: string): Outgoing => ({ exchange: 'e', key: 'k', body, options: {} });
const left = () => database.all('SELECT seq FROM outbox').length;

it('publishes in order, and removes what was published', async () => {
  const outbox = open();
  const bodies = Array.from({ length: 250 }, (_, index) => `${index}`);
  outbox.put(...bodies.map(message));
  expect(published).toEqual([]);
  outbox.flush();
  await vi.waitFor(() => expect(left()).toBe(0));
  expect(published).toEqual(bodies);
});

it('misses nothing that is put while it comes to an end', async () => {
  const outbox = open();
  // Two messages of the broker in one piece: the second is there before the first flush is over.
  outbox.flush();
  outbox.put(message('late'));
  outbox.flush();
  await vi.waitFor(() => expect(published).toEqual(['late']));
});

it('leaves to the next start what it could not publish before its end', async () => {
  const outbox = open();
  let fail: (error: Error) => void = () => {};
  publish = () =>
    new Promise((_, reject) => {
      fail = reject;
    });
  outbox.put(message('one'));
  outbox.flush();
  const closed = outbox.close();
  fail(new Error('the service has ended'));
  await closed;
  expect(left()).toBe(1);
  expect(log.warn).not.toHaveBeenCalled();

  publish = async ({ body }) => {
    published.push(body);
  };
  open().flush();
  await vi.waitFor(() => expect(left()).toBe(0));
  expect(published).toEqual(['one']);
});

it('lets a message that can never be published stand in nobody’s way', async () => {
  publish = async ({ body }) => {
    if (body === 'wrong') throw new Error('the key is too long');
    published.push(body);
  };
  const outbox = open();
  outbox.put(message('wrong'), message('right'));
  outbox.flush();
  await vi.waitFor(() => expect(left()).toBe(0));
  expect(published).toEqual(['right']);
  expect(log.warn).toHaveBeenCalledOnce();
});
