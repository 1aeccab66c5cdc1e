import { z } from 'zod';
import { explain } from '../policy/explain.js';
import type { Decider } from '../policy/permit.js';
import { SLOW_POLICIES } from '../policy/slow.js';
import { type Endpoint, endpoint, NO_FIELDS } from './endpoint.js';

const BAD_ACTION = { error: 'takes subscribe or send' };
const BAD_DESTINATION = { error: 'takes what the destination header would say, such as /topic/news' };

const queueSchema = z.object({ queue: z.string() });
const exchangeSchema = z.object({ exchange: z.string(), routingKey: z.string() });

const answer = z.object({
  allowed: z.boolean(),
  code: z.string().nullable().meta({ description: 'The code of the ERROR frame; null when it is allowed.' }),
  reason: z.string().meta({ description: 'A sentence for people.' }),
  rule: z
    .object({ line: z.int().min(1), name: z.string().optional() })
    .nullable()
    .meta({ description: 'The rule of the access file that decides; null when none does.' }),
  grants: z
    .object({ claim: z.string(), pattern: z.string().optional() })
    .nullable()
    .meta({ description: "When the token's own grants decide: the claim, and the pattern that allows." }),
  dryRun: z.boolean().meta({ description: 'Whether only a dry run lets it through.' }),
  destination: z
    .object({ kind: z.string(), words: z.array(z.array(z.string())) })
    .nullable()
    .meta({ description: 'How rules see it; null when it is no destination.' }),
  broker: z
    .union([exchangeSchema, queueSchema])
    .nullable()
    .meta({ description: 'What it is at the broker; null when it is nothing there.' }),
  headers: z
    .record(z.string(), z.string())
    .meta({ description: 'Queue-shaping headers that may come along, and what they may say.' }),
  slow: z
    .object({ policy: z.enum(SLOW_POLICIES), most: z.int().min(1).optional() })
    .nullable()
    .meta({
      description:
        'What becomes of messages when the client does not keep up; null but for /topic subscriptions that are allowed.',
    }),
});

/** What a client may do, and why: the caller's own token only. */
export function explainEndpoint(policy: Decider): Endpoint {
  return endpoint({
    method: 'get',
    path: '/api/explain',
    operationId: 'explain',
    summary: 'Whether this token may subscribe or send somewhere, and why',
    body: NO_FIELDS,
    query: z.strictObject({
      action: z.enum(['subscribe', 'send'], BAD_ACTION),
      destination: z.string(BAD_DESTINATION).meta({
        description:
          'As in the frame, hostile spellings included: what is no destination is answered, not refused.',
        examples: ['/topic/news.sport'],
      }),
    }),
    answer,
    refusals: {},
    async handle({ identity, query }) {
      return explain(policy, query.action, query.destination, identity) as z.output<typeof answer>;
    },
  });
}
