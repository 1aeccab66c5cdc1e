import type { Action, Destination } from '../destination.js';
import { ProtocolError } from '../errors.js';
import { permit as permitIdentity } from '../policy/permit.js';
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
  return permitIdentity(session.services.policy, session.user, action, destination);
}
