import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Publication, publishAll } from './support/amqp.js';
import { FENCE, fingerprint, StompUser } from './support/stomp-user.js';
import { expect, test } from './support/test.js';
import { allWebhooks, type Webhook } from './support/webhooks.js';

const USERS = 50;
const INBOX = '/user/topic/reply';
const publisher = fileURLToPath(new URL('publish-webhooks.mjs', import.meta.url));

/** One subscription of one tab, what it must get, and what it got. */
interface Expectation {
  who: string;
  expected: string[];
  complete: Promise<string[]>;
}

test('50 users on two relays get every GitHub event that is theirs, byte for byte, in order, and no other', async ({
  env,
}) => {
  test.setTimeout(180_000);
  const webhooks = allWebhooks();
  const names = [...new Set(webhooks.map(({ event }) => event))];
  // Guards against a package that was emptied: the test is worth its name only with real variety.
  expect(webhooks.length).toBeGreaterThan(700);
  expect(names.length).toBeGreaterThan(50);
  expect(webhooks.some(({ body }) => body.length > 25_000)).toBe(true);
  expect(webhooks.some(({ body }) => /\p{Extended_Pictographic}/u.test(body.toString()))).toBe(true);

  const tabs: StompUser[] = [];
  const expectations: Expectation[] = [];
  const open = async (user: number, relay: 0 | 1) => {
    const tab = await StompUser.connect(env.relayUrls[relay], `user${user}`);
    tabs.push(tab);
    for (const { destination, matches, fences } of subscriptionsOf(user, names)) {
      const { complete } = await tab.subscribe(destination, fences);
      const expected = webhooks.filter(matches).map((webhook) =>
        fingerprint({
          ...webhook,
          // A topic message names its own topic, also where it came by a wildcard.
          destination: destination === INBOX ? INBOX : `/topic/public.github.${webhook.event}`,
          contentType: 'application/json',
        }),
      );
      expectations.push({ who: `user${user} on relay ${relay}, ${destination}`, expected, complete });
    }
  };

  try {
    for (let user = 0; user < USERS; user += 1) await open(user, user % 2 === 0 ? 0 : 1);
    // Second tabs: of one user on the same relay, of another on the other relay.
    await open(7, 1);
    await open(8, 1);
    // Each event is expected at somebody's inbox and at some topic.
    const covered = new Set(expectations.flatMap(({ expected }) => expected));
    expect(covered.size).toBe(2 * webhooks.length);

    const { stdout } = await promisify(execFile)(process.execPath, [publisher, env.amqpUrl, String(USERS)]);
    expect(stdout.trim()).toBe(String(webhooks.length));

    // The broker keeps the order, so whatever came astray is there when the fence arrives.
    await publishAll(env.amqpUrl, fencesFor(names));
    for (const { who, expected, complete } of expectations) {
      expect(await complete, who).toEqual(expected);
    }
  } finally {
    await Promise.all(tabs.map((tab) => tab.disconnect()));
  }
});

interface Wanted {
  destination: string;
  matches(webhook: Webhook, n: number): boolean;
  /** How many of the fences it gets: one per event name that it matches. */
  fences: number;
}

/** The user's own messages, the events of some names, and for every fifth user all events by a wildcard. */
function subscriptionsOf(user: number, names: readonly string[]): Wanted[] {
  const wanted: Wanted[] = [{ destination: INBOX, matches: (_, n) => n % USERS === user, fences: 1 }];
  for (const [n, own] of names.entries()) {
    if (n % USERS !== user) continue;
    wanted.push({
      destination: `/topic/public.github.${own}`,
      matches: ({ event }) => event === own,
      fences: 1,
    });
  }
  if (user % 5 === 0) {
    const wildcard = user % 10 === 0 ? '#' : '*';
    wanted.push({
      destination: `/topic/public.github.${wildcard}`,
      matches: () => true,
      fences: names.length,
    });
  }
  return wanted;
}

function fencesFor(names: readonly string[]): Publication[] {
  const body = Buffer.from(FENCE);
  const users = Array.from({ length: USERS }, (_, user) => `user${user}.topic.reply`);
  return [
    ...users.map((key) => ({ exchange: 'relay.user', key, body })),
    ...names.map((name) => ({ exchange: 'amq.topic', key: `public.github.${name}`, body })),
  ];
}
