/** What the wire view needs to make trouble with. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { client, session, whileSignedIn } from './session.js';

const away = signal(false);

/** Whether the page pretends to have no network. */
export const offline: ReadonlySignal<boolean> = away;

whileSignedIn(() => () => {
  away.value = false;
});

/** Leaves, as a laptop does that is shut: subscriptions stay, mail waits. */
export async function leaveNetwork(): Promise<void> {
  away.value = true;
  await client().close();
}

export async function comeBack(): Promise<void> {
  away.value = false;
  await client().connect();
}

/**
 * Gives the live session a token that ends after so many seconds.
 * @throws DemoOff when the relay is not in demo mode
 */
export async function shortenToken(seconds: number): Promise<void> {
  const token = await tokens().shortLived(seconds);
  await client().send('/relay/token', '', { headers: { Authorization: `Bearer ${token}` } });
}

/** `fetch` of something of the relay's own, `api/…` or `demo/…`, with the user's token. */
export async function relayFetch(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${await tokens().get()}`);
  return fetch(new URL(path, document.baseURI), { signal: AbortSignal.timeout(10_000), ...init, headers });
}

function tokens() {
  const { value } = session;
  if (value === undefined) throw new Error('Nobody is signed in.');
  return value.tokens;
}
