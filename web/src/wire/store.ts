import { batch, effect, signal, untracked } from '@preact/signals';
import type { UnreadCounts } from 'stomp-relay/client';
import { client, connection, session, whileSignedIn } from '../session/index.js';
import { type FrameFilter, FrameRing, type NumberedFrame } from './frames.js';
import { addSample, type Sample } from './latency.js';
import { emptyTimeline, follow, note, sessionNews, type Timeline } from './timeline.js';

const ring = new FrameRing();
/** Newest first, as far as they are shown. */
export const frames = signal<readonly NumberedFrame[]>([]);
/** How many have gone by, shown or not. */
export const frameCount = signal(0);
/** Frames go on being kept meanwhile, and are shown afterwards. */
export const paused = signal(false);
/** While somebody points at the list, it stands still: nobody can hit what moves away. */
export const held = signal(false);
export const filter = signal<FrameFilter>('all');
export const selected = signal<NumberedFrame | undefined>(undefined);

export const timeline = signal<Timeline>(emptyTimeline);
/** What the relay itself counts as unread. */
export const mailbox = signal<UnreadCounts>({ total: 0, counts: {} });
export const samples = signal<readonly Sample[]>([]);
export const pinging = signal(true);

/** Where the relay speaks about the session itself. */
const SESSION = '/user/relay.session';

let scheduled = 0;

whileSignedIn(({ client }) => {
  const notices = client.subscribe(SESSION, ({ body }) => hearSession(body), { unread: 'none' });
  // Whoever is refused this one still sees everything else.
  notices.ready.catch(() => undefined);
  const stops = [
    // From the first one on: who opens this view later wants to see what the others have caused.
    client.onFrame((frame) => {
      ring.add(frame);
      show();
    }),
    () => notices.unsubscribe(),
    client.unread.subscribe((counts) => {
      mailbox.value = counts;
    }),
    effect(() => {
      const state = connection.value;
      untracked(() => {
        timeline.value = follow(timeline.value, state, Date.now());
      });
    }),
    effect(() => {
      if (!paused.value && !held.value) show();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    clearFrames();
    timeline.value = emptyTimeline;
    mailbox.value = { total: 0, counts: {} };
    samples.value = [];
    paused.value = false;
  };
});

function hearSession(body: string): void {
  const text = sessionNews(body);
  if (text !== undefined) tell(text, Date.now());
}

/** Once for each picture: hundreds of frames a second must not draw the list hundreds of times. */
function show(): void {
  if (scheduled !== 0) return;
  scheduled = requestAnimationFrame(() => {
    scheduled = 0;
    batch(() => {
      frameCount.value = ring.count;
      if (!paused.value && !held.value) frames.value = ring.latest();
    });
  });
}

export function clearFrames(): void {
  ring.clear();
  frames.value = [];
  selected.value = undefined;
}

/** Puts something into the timeline that the connection's state does not show: what the reader did, at its time. */
export function tell(text: string, at: number): void {
  timeline.value = note(timeline.value, text, at);
}

let asking = false;

/**
 * A SEND with a receipt, there and back through the broker: nobody has subscribed to where it goes. One at a time; one that is
 * caught by an outage is answered after it, and shows how long that was.
 */
export async function ping(): Promise<void> {
  if (asking) return;
  asking = true;
  const mine = session.peek();
  const begun = performance.now();
  let sample: Sample;
  try {
    await client().send('/topic/public.ping', '', { timeout: 10_000 });
    sample = performance.now() - begun;
  } catch {
    sample = undefined;
  } finally {
    asking = false;
  }
  if (session.peek() === mine) samples.value = addSample(samples.value, sample);
}
