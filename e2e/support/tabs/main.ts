import { createRelayClient } from 'stomp-relay/client';

/** What the test says: where the relay is, who this is, and which kind of worker there is to be. */
export interface TabSettings {
  readonly relay: string;
  readonly user: string;
  readonly token: string;
  readonly worker: 'shared' | 'missing' | 'silent' | 'none';
}

const settings = JSON.parse(decodeURIComponent(location.hash.slice(1))) as TabSettings;
const { relay, user, token, worker } = settings;

const workers = {
  shared: () => new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'relay' }),
  missing: () => new SharedWorker('/is-not-there.js', { type: 'module' }),
  // It runs, and takes nobody.
  silent: () => new SharedWorker(URL.createObjectURL(new Blob([''], { type: 'text/javascript' }))),
};

const client = createRelayClient({
  url: relay,
  token: () => token,
  shareKey: user,
  ...(worker === 'none' ? {} : { sharedWorker: workers[worker] }),
});
client.state.subscribe(({ status }) => {
  const output = document.querySelector('output');
  if (output) output.textContent = status;
});
const { ready } = client.subscribe('/user/topic/reply', ({ body }) => {
  const item = document.createElement('li');
  item.textContent = body;
  document.querySelector('ul')?.append(item);
});
await client.connect();
await ready;
document.title = 'ready';
