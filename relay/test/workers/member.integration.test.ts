import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { Member } from '../../src/workers/member.js';
import { waitFor } from '../support/wait.js';

const EVERY_MS = 20;
const folder = mkdtempSync(join(tmpdir(), 'relay-test-member-'));
const place = { slot: 0, of: 1, port: 0, folder };
const members: Member[] = [];

/** A worker that says that it is alive, and does what `program` says. */
function start(program: string) {
  const path = join(folder, `${members.length}.mjs`);
  writeFileSync(path, `const alive = () => process.send({ type: 'alive' });\n${program}`);
  const seen = { hung: 0, end: undefined as number | string | undefined };
  const events = {
    onMessage: () => {},
    onSilent: () => {},
    onHung: () => {
      seen.hung++;
    },
    onEnd: (how: number | string) => {
      seen.end = how;
    },
  };
  const member = new Member(path, place, events, EVERY_MS);
  members.push(member);
  return { member, seen };
}

const beating = `setInterval(alive, ${EVERY_MS});`;

afterEach(() => {
  for (const member of members) member.kill();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is said to hang when it stands still, once', async () => {
  // Written before it stands still: what is sent by way of the event loop would never go out.
  const { member, seen } = start('alive(); setTimeout(() => { for (;;); }, 50);');
  await waitFor(() => seen.hung > 0, { what: 'its being noticed' });
  member.kill();
  await waitFor(() => seen.end, { what: 'its end' });
  expect(seen).toEqual({ hung: 1, end: 'SIGKILL' });
});

it('is not said to hang while it says that it is alive, nor before it has said so first', async () => {
  const good = start(beating);
  const loading = start('setTimeout(() => {}, 60_000);');
  const bad = start('alive(); setTimeout(() => { for (;;); }, 50);');
  await waitFor(() => bad.seen.hung > 0, { what: 'another’s being noticed' });
  expect([good.seen.hung, loading.seen.hung]).toEqual([0, 0]);
});

it('is no longer watched when it has ended', async () => {
  const { seen } = start('alive(); setTimeout(() => process.exit(7), 50);');
  await waitFor(() => seen.end, { what: 'its end' });
  const later = start('alive(); setTimeout(() => { for (;;); }, 50);');
  await waitFor(() => later.seen.hung > 0, { what: 'the time to notice it' });
  expect(seen).toEqual({ hung: 0, end: 7 });
});
