import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Client, numbered, ReplayRig } from './replay-rig.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

type Simple = 'live' | 'late' | 'keep' | 'refuse' | 'cut' | 'back';
type Step =
  | { kind: Simple }
  | { kind: 'acknowledge'; count: number }
  | { kind: 'keeper'; away: boolean }
  | { kind: 'wait'; ms: number };

const simple = (kind: Simple): fc.Arbitrary<Step> => fc.constant({ kind });
const step = fc.oneof<{ weight: number; arbitrary: fc.Arbitrary<Step> }[]>(
  { weight: 4, arbitrary: simple('live') },
  { weight: 2, arbitrary: simple('late') },
  { weight: 2, arbitrary: simple('keep') },
  { weight: 1, arbitrary: simple('refuse') },
  { weight: 1, arbitrary: simple('cut') },
  { weight: 2, arbitrary: simple('back') },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('keeper' as const), away: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), count: fc.nat(300) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(700) }) },
);

const world = fc.record({
  stored: fc.oneof(fc.nat(6), fc.integer({ min: 190, max: 260 })),
  inIntake: fc.nat(4),
  most: fc.constantFrom(1, 2, 5, 150, Number.POSITIVE_INFINITY),
  delays: fc.array(fc.nat(120), { minLength: 1, maxLength: 12 }),
  steps: fc.array(step, { maxLength: 40 }),
  ends: fc.boolean(),
});

/** The texts of one kind, in the order in which the client first got each. */
function firsts(texts: readonly string[], kind: string): string[] {
  return [...new Set(texts.filter((text) => text.startsWith(kind)))];
}

it('loses nothing and keeps the order, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ stored, inIntake, most, delays, steps, ends }) => {
      vi.clearAllTimers();
      const rig = new ReplayRig(new Client(most));
      const { post, client, live, replay } = rig;
      const before = [...numbered('u', stored), ...numbered('u-intake', inIntake)];
      post.mailbox.put(...before.slice(0, stored));
      post.intake.push(...before.slice(stored));
      post.delays = [...delays];
      replay.start();
      const published: string[] = [];
      const late: string[] = [];
      let cut = false;
      for (const one of steps) {
        if (one.kind === 'live') {
          published.push(`l${published.length + 1}`);
          rig.publish(published.at(-1) as string);
        } else if (one.kind === 'late') {
          late.push(`z${late.length + 1}`);
          post.intake.push(late.at(-1) as string);
        } else if (one.kind === 'keep') post.keep();
        else if (one.kind === 'acknowledge') client.acknowledge(one.count);
        else if (one.kind === 'refuse') client.refuse();
        else if (one.kind === 'keeper') post.keeperAway = one.away;
        else if (one.kind === 'cut') {
          cut = true;
          post.cut();
        } else if (one.kind === 'back') {
          if (cut) post.back();
          cut = false;
        } else if (one.kind === 'wait') await rig.pass(one.ms);
      }
      const refusedEarly = live.refused.length;
      if (!ends) {
        if (cut) post.back();
        post.keeperAway = false;
        while (post.intake.length > 0) post.keep();
        const isDone = () =>
          post.mailbox.unread.length === 0 && live.acked.length + live.refused.length === published.length;
        for (let round = 0; round < 1000 && (round < 10 || !isDone()); round++) {
          client.acknowledge();
          await rig.pass(400);
        }
        expect(post.mailbox.unread).toEqual([]);
        expect(firsts(client.texts, 'u')).toEqual(before);
        expect(live.acked.length + live.refused.length).toBe(published.length);
      }
      const firstLive = client.received.findIndex(({ unread }) => !unread);
      const old = client.texts.slice(firstLive < 0 ? client.texts.length : firstLive);
      expect(firsts(old, 'u').filter((text) => client.texts.indexOf(text) >= firstLive)).toEqual([]);
      expect(firsts(client.texts, 'u')).toEqual(before.slice(0, firsts(client.texts, 'u').length));
      expect(client.texts.filter((text) => text.startsWith('l'))).toEqual(
        published.slice(0, client.texts.filter((text) => text.startsWith('l')).length),
      );

      post.away = false;
      rig.end();
      await rig.pass(1000);
      expect([...live.acked, ...live.refused].sort()).toEqual([...published].sort());
      // What the end gives back, it gives back in the order in which it came.
      const back = live.refused.slice(refusedEarly);
      expect(back).toEqual(published.filter((text) => back.includes(text)));
      // Nothing stays taken, and nothing was acknowledged that the client did not get.
      expect(post.mailbox.waiting).toEqual(post.mailbox.unread);
      const kept = [...before, ...late].filter((text) => !client.texts.includes(text));
      expect([...post.mailbox.unread, ...post.intake]).toEqual(expect.arrayContaining(kept));
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 150 },
  );
}, 60_000);
