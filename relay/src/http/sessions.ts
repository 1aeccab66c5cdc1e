import { z } from 'zod';
import type { Identity } from '../auth/identity.js';
import type { DatedRevocation } from '../auth/revocation.js';
import { checkUserName } from '../auth/user.js';
import { ForbiddenError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { AccessPolicy } from '../policy/decision.js';
import { type Endpoint, endpoint, NO_FIELDS } from './endpoint.js';
import { requestId } from './request-id.js';

/** Has something revoked by all relays; resolves with how many sessions of this one it has ended. */
export type Revoke = (revocation: DatedRevocation) => Promise<number>;

export interface SessionEndpointOptions {
  readonly revoke: Revoke;
  readonly policy: Pick<AccessPolicy, 'mayManage'>;
  readonly log: Logger;
}

/** The request that signs a user out everywhere. */
export function sessionEndpoints({ revoke, policy, log }: SessionEndpointOptions): Endpoint[] {
  const end = endpoint({
    method: 'delete',
    path: '/api/users/{user}/sessions',
    operationId: 'endSessions',
    summary: 'End all sessions of a user',
    description:
      'Every relay closes them within a second, and refuses the tokens that were issued before. Everybody may end their ' +
      'own; those of others need a rule with manage: [sessions].',
    params: z.strictObject({
      user: z.string().meta({ description: 'The name as the token has it.', examples: ['alice'] }),
    }),
    body: NO_FIELDS,
    query: NO_FIELDS,
    answer: z.object({
      closedHere: z.int().min(0).meta({
        description: 'How many sessions this relay has closed; the others close theirs within a second.',
      }),
    }),
    refusals: {},
    async handle({ identity, params, response }) {
      const { user } = checkUserName(params.user, 'the path');
      permitEnding(user, identity, policy);
      const at = Math.floor(Date.now() / 1000);
      const closedHere = await revoke({ user, at });
      // It may be of this very second, which its time does not tell from a token that is issued next.
      if (user === identity.user) await revoke(tokenOf(identity, at));
      log.info(
        { user, by: identity.user, closedHere, request: requestId(response.req) },
        'sessions ended on request',
      );
      return { closedHere };
    },
  });
  return [end];
}

function tokenOf({ tokenId: jti, expiresAt }: Identity, at: number): DatedRevocation {
  return expiresAt === undefined ? { jti, at } : { jti, at, exp: Math.ceil(expiresAt / 1000) };
}

function permitEnding(user: string, identity: Identity, policy: Pick<AccessPolicy, 'mayManage'>): void {
  if (user === identity.user || policy.mayManage('sessions', identity).allowed) return;
  throw new ForbiddenError(
    'not allowed to end the sessions of other users',
    'A rule of the access file must allow it: manage: [sessions].',
  );
}
