import { ProtocolError } from '../errors.js';
import type { Session } from '../session/session.js';
import { type Frame, type HeaderList, header } from '../stomp/frame.js';
import { required } from './required.js';

/** ACK (STOMP 1.2, ACK): the client has taken the message. */
export function handleAck(session: Session, frame: Frame): undefined {
  acknowledge(session, frame, 'ACK');
}

/** NACK (STOMP 1.2, NACK): the client did not take it. A `/user` message becomes unread, others are requeued. */
export function handleNack(session: Session, frame: Frame): undefined {
  acknowledge(session, frame, 'NACK');
}

function acknowledge(session: Session, frame: Frame, command: 'ACK' | 'NACK'): void {
  const id = required(frame, session.version === '1.2' ? 'id' : 'message-id');
  const transaction = header(frame.headers, 'transaction');
  if (session.acknowledgements.has(id)) {
    const settle = () => session.acknowledgements.settle(id, command === 'ACK');
    if (transaction === undefined) settle();
    else
      session.transactions.add(transaction, id.length, (done) => {
        settle();
        done();
      });
    session.answers.receipt(frame);
    return;
  }
  if (session.ended.gave(id)) {
    session.answers.receipt(frame);
    return;
  }
  const link = session.existingPrivate?.link;
  if (!link) throw new ProtocolError('ERR_UNKNOWN_ACK', `${command} names no message that waits for it`);
  const headers: HeaderList = ['id', id];
  const requeue = header(frame.headers, 'requeue');
  if (command === 'NACK' && requeue !== undefined)
    headers.push('requeue', requeue === 'false' ? 'false' : 'true');
  if (transaction !== undefined) {
    if (session.transactions.needPrivateLink(transaction)) link.begin(transaction);
    headers.push('transaction', transaction);
  }
  link.acknowledge(command, headers, session.answers.whenConfirmed(frame));
}
