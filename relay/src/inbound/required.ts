import type { Action, Destination } from '../destination.js';
import { ForbiddenError, ProtocolError } from '../errors.js';
import type { Decision } from '../policy/policy.js';
import type { Session } from '../session/session.js';
import { type Frame, header } from '../stomp/frame.js';

/** @throws ProtocolError when the header is missing. */
export function required(frame: Frame, name: string): string {
  const value = header(frame.headers, name);
  if (value !== undefined) return value;
  throw new ProtocolError('ERR_MISSING_HEADER', `${frame.command} needs the header ${name}`);
}

/** @throws ForbiddenError when no rule of the policy lets this user do it. */
export function permit(session: Session, action: Action, destination: Destination): Decision {
  const decision = session.services.policy.decide(action, destination, session.user);
  if (decision.allowed) return decision;
  const what = action === 'send' ? 'send to' : 'subscribe to';
  throw new ForbiddenError(
    `not allowed to ${what} ${destination.text}`,
    decision.rule
      ? `The access file denies it in line ${decision.rule.line}.`
      : `No rule of the access file lets this user ${what} ${destination.text}.`,
  );
}
