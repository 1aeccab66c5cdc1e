import { afterEach, expect, test, vi } from 'vitest';
import type { PublishError } from '../../publisher/errors.js';
import type { Message } from '../../publisher/message.js';
import { Outbox } from '../../publisher/outbox.js';
import { OutboxStore, type StoredMessage } from '../../publisher/store.js';
import { waitFor } from '../support/wait.js';

const message: Message = {
  address: { lane: 'user', exchange: 'relay.user', key: 'alice.topic.x' },
  content: Buffer.from('x'),
  properties: { messageId: 'm', contentType: 'x', persistent: true, timestamp: 1, headers: {} },
  expiresAt: undefined,
};

/** A disk that is full when it is told to be. */
class Disk {
  full = false;
  closed = false;
  readonly commits: { added: number[]; removed: number[] }[] = [];

  write(added: readonly StoredMessage[], removed: readonly number[]): void {
    if (this.full) throw new Error('database or disk is full');
    this.commits.push({ added: added.map(({ sequence }) => sequence), removed: [...removed] });
  }

  read(): StoredMessage[] {
    return [];
  }

  close(): void {
    this.closed = true;
  }
}

afterEach(() => {
  vi.doUnmock('libsql');
});

test('what comes within one turn shares a commit, and is told in order', async () => {
  const disk = new Disk();
  const outbox = new Outbox(disk);
  const told: number[] = [];
  for (const sequence of [1, 2, 3]) {
    outbox.append(sequence, message, () => {
      expect(disk.commits).toHaveLength(1);
      told.push(sequence);
    });
  }
  expect(disk.commits).toEqual([]);
  await waitFor(() => told.length === 3, { what: 'the commit' });
  expect(told).toEqual([1, 2, 3]);
  outbox.remove(1);
  outbox.append(4, message, () => told.push(4));
  await waitFor(() => told.length === 4, { what: 'the second commit' });
  expect(disk.commits[1]).toEqual({ added: [4], removed: [1] });
  outbox.remove(2);
  await waitFor(() => disk.commits.length === 3, { what: 'a commit for what is removed' });
  outbox.remove(3);
  outbox.close();
  expect(disk.commits[3]).toEqual({ added: [], removed: [3] });
  expect(disk.closed).toBe(true);
});

test('a disk that is full accepts nothing, and does not forget what was confirmed', async () => {
  const disk = new Disk();
  disk.full = true;
  const outbox = new Outbox(disk);
  outbox.remove(7);
  const errors: (PublishError | undefined)[] = [];
  for (const sequence of [1, 2]) outbox.append(sequence, message, (error) => errors.push(error));
  await waitFor(() => errors.length === 2, { what: 'the refusal' });
  expect(errors).toMatchObject([{ code: 'ERR_OUTBOX' }, { code: 'ERR_OUTBOX' }]);
  expect(errors[0]?.message).toContain('disk is full');
  disk.full = false;
  await waitFor(() => disk.commits.length === 1, { what: 'another attempt' });
  expect(disk.commits).toEqual([{ added: [], removed: [7] }]);
  outbox.close();
});

test('without the package libsql it says what to install', async () => {
  vi.doMock('libsql', () => {
    throw new Error('Cannot find package');
  });
  await expect(OutboxStore.open('/nowhere/x')).rejects.toMatchObject({
    code: 'ERR_OUTBOX',
    message: expect.stringContaining('npm install libsql'),
  });
});
