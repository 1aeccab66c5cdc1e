import { OutboundMessage } from '../outbound/message.js';
import type { Session } from './session.js';

/** MESSAGEs of the relay's own, with a JSON body, on one subscription: shown once, with nothing to acknowledge. */
export class Shown {
  private sequence = 0;

  constructor(
    private readonly session: Session,
    private readonly id: string,
    private readonly destination: string,
  ) {}

  show(what: object): void {
    const { session, id: subscription, destination } = this;
    const { version } = session;
    const message = new OutboundMessage(
      ['content-type', 'application/json'],
      Buffer.from(JSON.stringify(what)),
      `${session.id}-${subscription}-${++this.sequence}`,
    );
    session.send(message.encode({ subscription, destination, version }));
  }
}
