import type { RelayError } from '../errors.js';
import type { Session } from '../session/session.js';
import type { Frame } from '../stomp/frame.js';
import { required } from './required.js';

/** BEGIN (STOMP 1.2, BEGIN). The private link hears of it only when a frame of the transaction goes there. */
export function handleBegin(session: Session, frame: Frame): undefined {
  session.transactions.begin(required(frame, 'transaction'));
  session.answers.receipt(frame);
}

/** COMMIT (STOMP 1.2, COMMIT). The RECEIPT means that the broker has confirmed every message of it. */
export function handleCommit(session: Session, frame: Frame): undefined {
  const name = required(frame, 'transaction');
  const { actions, onPrivateLink } = session.transactions.take(name);
  const receipt = session.answers.whenConfirmed(frame);
  let open = actions.length + (onPrivateLink ? 1 : 0);
  if (open === 0) {
    receipt?.();
    return;
  }
  let failed: RelayError | undefined;
  const done = (error?: RelayError): void => {
    failed ??= error;
    if (--open > 0) return;
    if (receipt) receipt(failed);
    else if (failed) session.fail(failed);
  };
  session.answers.sentUnconfirmed ||= !receipt && actions.length > 0;
  if (onPrivateLink) session.private.link.end('COMMIT', name, done);
  for (const action of actions) action(done);
  session.intake.throttle(session.sends);
}

/** ABORT (STOMP 1.2, ABORT). */
export function handleAbort(session: Session, frame: Frame): undefined {
  const name = required(frame, 'transaction');
  const { onPrivateLink } = session.transactions.take(name);
  if (onPrivateLink) session.private.link.end('ABORT', name, session.answers.whenConfirmed(frame));
  else session.answers.receipt(frame);
}
