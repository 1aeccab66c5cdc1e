import { z } from 'zod';
import type { Decider } from '../policy/permit.js';
import { displayDestination } from '../unread/address.js';
import type { UnreadStore } from '../unread/store.js';
import { type Endpoint, endpoint, NO_FIELDS } from './endpoint.js';
import { JsonChunks } from './json-chunks.js';
import { mailboxOf } from './mailbox.js';
import { pulledPieces, pulledSchema } from './pulled.js';
import { unlessAnswered } from './unanswered.js';

/** Bodies in one answer, in bytes, before they are written as JSON; one message always fits. */
const MAX_PULLED_BYTES = 8 * 1024 * 1024;

const MAX_LIMIT = 1000;
const BAD_LIMIT = { error: `takes a whole number from 1 to ${MAX_LIMIT}` };
const BAD_SETTLED = { error: 'takes true or false' };
const BAD_DESTINATION = { error: 'takes a destination such as /topic/reply' };
const BAD_LEASE = { error: 'takes the lease that a pull gave' };

const destination = z
  .string(BAD_DESTINATION)
  .regex(/^\//, BAD_DESTINATION)
  .max(1024, { error: 'takes at most 1024 characters' })
  .meta({
    description: 'As in SUBSCRIBE; the leading /user may be left out.',
    examples: ['/topic/reply', '/user/topic/reply'],
  });

const count = z.int().min(0);

export interface UnreadOptions {
  readonly store: UnreadStore;
  readonly policy: Decider;
}

/** The requests with which users fetch what was sent to them while they were away. */
export function unreadEndpoints({ store, policy }: UnreadOptions): Endpoint[] {
  const pull = endpoint({
    method: 'post',
    path: '/api/unread/pull',
    operationId: 'pullUnread',
    summary: 'Fetch the oldest unread messages of a destination',
    description:
      'The messages are leased: nobody else is handed them until the lease ends. Acknowledge the lease once they are ' +
      'safe; otherwise they are unread again when it ends, or as soon as this answer cannot be delivered.',
    body: z.strictObject({
      destination,
      limit: z.int(BAD_LIMIT).min(1, BAD_LIMIT).max(MAX_LIMIT, BAD_LIMIT).default(100).meta({
        description: 'Messages at most. Fewer come when their bodies would exceed 8 MiB together.',
      }),
      settled: z
        .boolean(BAD_SETTLED)
        .default(false)
        .meta({
          description:
            'Wait until everything that was published before this request is in the mailbox: for whoever has just ' +
            'subscribed, and wants what came before in front of what is live.',
        }),
    }),
    query: NO_FIELDS,
    answer: pulledSchema,
    refusals: { 429: 'Too many requests or leases of this user: wait, or acknowledge some.' },
    async handle({ identity, body, response }) {
      const address = mailboxOf(body.destination, identity, policy);
      if (body.settled) await store.passed(address);
      const pulled = await store.pull(address, { messages: body.limit, bytes: MAX_PULLED_BYTES });
      const { lease } = pulled;
      if (lease !== undefined) unlessAnswered(response, pulled.expiresIn, () => store.giveBack(lease));
      return new JsonChunks(pulledPieces(body.destination, pulled));
    },
  });

  const acknowledge = endpoint({
    method: 'post',
    path: '/api/unread/ack',
    operationId: 'acknowledgeUnread',
    summary: 'Mark the messages of a lease as read',
    description: 'May be repeated for as long as the lease would have lived, and sent to any relay.',
    body: z.strictObject({ lease: z.string(BAD_LEASE).min(1, BAD_LEASE).max(1024, BAD_LEASE) }),
    query: NO_FIELDS,
    answer: z.object({ acknowledged: count.meta({ description: 'How many messages they were.' }) }),
    refusals: { 410: 'The lease is over: its messages are unread again.' },
    async handle({ identity, body }) {
      return { acknowledged: await store.acknowledge(identity.userWord, body.lease) };
    },
  });

  const counts = endpoint({
    method: 'get',
    path: '/api/unread',
    operationId: 'countUnread',
    summary: 'Count unread messages by destination',
    body: NO_FIELDS,
    query: NO_FIELDS,
    answer: z.object({
      counts: z.record(z.string(), z.int().min(1)).meta({
        description:
          'By destination, those of a live lease left out; destinations without any are not listed.',
        examples: [{ '/topic/reply': 3 }],
      }),
      total: count,
    }),
    refusals: {},
    async handle({ identity }) {
      const entries = [...(await store.counts(identity.userWord))];
      return {
        counts: Object.fromEntries(entries.map(([rest, each]) => [displayDestination(rest), each])),
        total: entries.reduce((sum, [, each]) => sum + each, 0),
      };
    },
  });

  const clear = endpoint({
    method: 'delete',
    path: '/api/unread',
    operationId: 'clearUnread',
    summary: 'Mark everything as read, of one destination or of all',
    description: 'Leased messages too.',
    body: NO_FIELDS,
    query: z.strictObject({ destination: destination.optional() }),
    answer: z.object({ cleared: count.meta({ description: 'How many messages were waiting.' }) }),
    refusals: {},
    async handle({ identity, query }) {
      const rest =
        query.destination === undefined ? undefined : mailboxOf(query.destination, identity, policy).rest;
      return { cleared: await store.clear(identity.userWord, rest) };
    },
  });

  return [pull, acknowledge, counts, clear];
}
