import { client, comeBack, leaveNetwork, me, relayFetch, shortenToken } from '../session/index.js';

/** Something to break, and what to watch then. */
export interface Fault {
  readonly id: string;
  readonly label: string;
  /** One sentence. */
  readonly watch: string;
  /** It can only be done to a connection that is there. */
  readonly needsConnection: boolean;
  /** Does it; resolves with what is to be put into the timeline. */
  run(): Promise<string>;
}

/** How long the token lives that "Expire the token" signs in with, in seconds. */
const SHORT = 5;

export const faults: readonly Fault[] = [
  {
    id: 'cut-socket',
    needsConnection: true,
    label: 'Cut the socket',
    watch: 'The client comes back by itself, subscribes again and pulls what it has missed.',
    async run() {
      client().dropConnection();
      return 'You cut the socket';
    },
  },
  {
    id: 'cut-links',
    needsConnection: false,
    label: "Kill the relay's link",
    watch: 'This page stays connected: the relay makes its links to the broker again behind it.',
    async run() {
      const answer: unknown = await asked(relayFetch('demo/cut-links', { method: 'POST' }));
      const cut = (answer as { cut?: unknown } | undefined)?.cut;
      return `You killed ${typeof cut === 'number' ? `${cut} links` : 'the links'} of the relay to the broker`;
    },
  },
  {
    id: 'expire-token',
    needsConnection: true,
    label: 'Expire the token',
    watch: `The token ends in ${SHORT} s; the relay says so, and the client gives it a fresh one on the live socket.`,
    async run() {
      await shortenToken(SHORT);
      return `You signed in with a token that ends in ${SHORT} s`;
    },
  },
  {
    id: 'sign-out-everywhere',
    needsConnection: false,
    label: 'Sign out everywhere',
    watch:
      'All your sessions end with 4411, at every relay, and the old token is worthless; the client fetches a new one.',
    async run() {
      const path = `api/users/${encodeURIComponent(me.value)}/sessions`;
      await asked(relayFetch(path, { method: 'DELETE' }));
      return 'You ended all your sessions';
    },
  },
];

export async function goOffline(): Promise<string> {
  await leaveNetwork();
  return 'You went offline';
}

export async function goOnline(): Promise<string> {
  // It comes back by itself from then on; that the first attempt fails is for the timeline to tell.
  comeBack().catch(() => undefined);
  return 'You came back';
}

/** @throws Error with words for people */
async function asked(request: Promise<Response>): Promise<unknown> {
  const response = await request;
  if (response.ok) return response.json().catch(() => undefined);
  if (response.status === 404) throw new Error('This relay does not offer that: it is not in demo mode.');
  if (response.status === 429) throw new Error('Once a second is enough. Try again in a moment.');
  throw new Error(`The relay did not do it (HTTP ${response.status}).`);
}
