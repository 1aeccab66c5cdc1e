import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Changes } from '../../src/unread/changes.js';
import { Replay, type ReplaySink } from '../../src/unread/replay.js';
import { waitFor } from '../support/wait.js';
import { MemoryFeed } from './memory-feed.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it('lets go of its client at its end, even while the keeper still owes it an answer', async () => {
  let replay: Replay | undefined;
  const changes = new Changes(new MemoryFeed());
  const never = new Promise<void>(() => {});
  const source = { take: async () => undefined, passed: () => never, changes };
  const begin = (): WeakRef<ReplaySink> => {
    const sink = { deliver: () => {}, room: () => 1, onRoom: () => {}, overflow: () => {} };
    replay = new Replay({ userWord: 'alice', rest: 'x' }, 'name', source, sink);
    replay.start();
    return new WeakRef<ReplaySink>(sink);
  };
  const client = begin();
  replay?.end();
  const gone = () => {
    collectGarbage();
    return client.deref() === undefined;
  };
  await waitFor(gone, { what: 'the end of the client' });
  expect(replay).toBeDefined();
});
