import { z } from 'zod';
import { ForbiddenError } from '../errors.js';
import type { LogLevel } from '../log-level.js';
import { LEVELS } from '../log-level.js';
import type { Logger } from '../logger.js';
import type { AccessPolicy } from '../policy/decision.js';
import { type Endpoint, endpoint, NO_FIELDS } from './endpoint.js';
import { requestId } from './request-id.js';

/** What sets the level of every relay; the one that was asked among them. */
export const levelSchema = z.strictObject({
  level: z.enum(LEVELS).meta({ description: 'How much is logged from now on.' }),
  for: z.int().min(1).max(86_400).default(600).meta({
    description: 'Seconds after which RELAY_LOG_LEVEL holds again.',
  }),
});

export interface LogLevelEndpointOptions {
  readonly policy: Pick<AccessPolicy, 'mayManage'>;
  readonly logLevel: LogLevel;
  /** Tells the other relays. */
  readonly tellOthers: (setting: z.output<typeof levelSchema>) => void;
  readonly log: Logger;
}

/** The request that changes how much the relays log. */
export function logLevelEndpoints({
  policy,
  logLevel,
  tellOthers,
  log,
}: LogLevelEndpointOptions): Endpoint[] {
  const set = endpoint({
    method: 'put',
    path: '/api/log-level',
    operationId: 'setLogLevel',
    summary: 'Log more, or less, for a while',
    description: 'At all relays. Needs a rule with manage: [logs].',
    body: levelSchema,
    query: NO_FIELDS,
    answer: levelSchema,
    refusals: {},
    async handle({ identity, body, response }) {
      if (!policy.mayManage('logs', identity).allowed) {
        throw new ForbiddenError(
          'not allowed to change what is logged',
          'A rule of the access file must allow it: manage: [logs].',
        );
      }
      log.warn({ ...body, by: identity.user, request: requestId(response.req) }, 'log level asked for');
      logLevel.set(body.level, body.for);
      tellOthers(body);
      return body;
    },
  });
  return [set];
}
