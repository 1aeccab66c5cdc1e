import { computed, effect, type ReadonlySignal, signal, untracked } from '@preact/signals';
import type { ConnectionState, RelayClient } from 'stomp-relay/client';
import { connectClient } from './client.js';
import { forgetSignIn, keepSignIn, recallSignIn } from './remember.js';
import { DemoOff, demoTokens, pastedToken, type TokenSource } from './tokens.js';

/** Somebody is signed in in this tab. */
export interface Session {
  readonly tokens: TokenSource;
  readonly client: RelayClient;
}

const current = signal<Session | undefined>(undefined);
const state = signal<ConnectionState>({ status: 'idle' });

export const session: ReadonlySignal<Session | undefined> = current;
/** Where the connection stands; `idle` while nobody is signed in. */
export const connection: ReadonlySignal<ConnectionState> = state;
export const connected: ReadonlySignal<boolean> = computed(() => state.value.status === 'connected');

const verified = signal<string | undefined>(undefined);
/** The user's name: as the relay verified it, before that as chosen; empty while unknown. */
export const me: ReadonlySignal<string> = computed(() => verified.value ?? current.value?.tokens.user ?? '');

/** @throws Error while nobody is signed in */
export function client(): RelayClient {
  const { value } = current;
  if (value === undefined) throw new Error('Nobody is signed in.');
  return value.client;
}

/**
 * Signs in as a demo user.
 * @throws DemoOff when the relay is not in demo mode
 * @throws TokenRefused when it does not take the name
 */
export async function signIn(user: string): Promise<void> {
  const tokens = demoTokens(user);
  await tokens.get();
  open(tokens);
  keepSignIn(user);
}

/** Signs in with a token. It is kept in memory only: a reload asks for it again. */
export function signInWithToken(token: string): void {
  open(pastedToken(token));
}

/** Goes on as whoever was signed in in this tab before a reload, or as the address says: `?user=erin`. */
export function resumeSession(): void {
  const user = new URLSearchParams(location.search).get('user')?.trim() || recallSignIn();
  if (user === undefined || user === '') return;
  open(demoTokens(user));
  keepSignIn(user);
}

/** Ends the session in this tab; others of the same person go on. */
export async function signOut(): Promise<void> {
  const leaving = current.value;
  forgetSignIn();
  // Else a reload would sign in again.
  if (location.search !== '') history.replaceState(null, '', location.pathname + location.hash);
  stopFollowing?.();
  current.value = undefined;
  verified.value = undefined;
  state.value = { status: 'idle' };
  await leaving?.client.close();
}

/**
 * Runs `start` whenever somebody has signed in, and what it returns when they sign out. Stores subscribe in the one
 * and forget in the other, so that nothing of one person is left for the next.
 * @returns stops it
 */
export function whileSignedIn(start: (session: Session) => undefined | (() => void)): () => void {
  return effect(() => {
    const { value } = current;
    return value === undefined ? undefined : untracked(() => start(value));
  });
}

/** Runs `task` after every connect, also the one after a reconnection. Use within `whileSignedIn`. @returns stops it */
export function afterEachConnect(task: () => void): () => void {
  return effect(() => {
    if (connected.value) untracked(task);
  });
}

/** Why nobody is signed in although somebody wanted to be; for the sign-in screen. */
export const refusal = signal<unknown>(undefined);

let stopFollowing: (() => void) | undefined;

function open(tokens: TokenSource): void {
  refusal.value = undefined;
  const opened: Session = { tokens, client: connectClient(tokens) };
  stopFollowing = opened.client.state.subscribe((value) => {
    state.value = value;
    if (value.status === 'connected') verified.value = value.user;
  });
  current.value = opened;
  opened.client.connect().catch(async () => {
    // The state says it too, but not that there is no demo mode: then only another way to sign in helps.
    const off = await tokens.get().then(
      () => false,
      (error: unknown) => error instanceof DemoOff,
    );
    if (!off || current.value !== opened) return;
    await signOut();
    refusal.value = new DemoOff();
  });
}
