import { signal } from '@preact/signals';
import type { RelayMessage, SubscribeOptions } from 'stomp-relay/client';
import type { Envelope } from 'stomp-relay/envelope';
import { readFromAnyone, readFromService } from './messages.js';
import { client } from './session.js';

export interface ListenOptions<Content> {
  /**
   * Whom to believe. `service` (default): only what came without `relay-user`; any user may send to these
   * destinations in the demo. `anyone`: `envelope.fromUniqueId` is who the relay verified, never what the body claims.
   */
  readonly from?: 'service' | 'anyone';
  /** Content that does not fit is ignored. */
  readonly accept?: (content: unknown) => content is Content;
  readonly unread?: SubscribeOptions['unread'];
}

export interface Heard {
  readonly envelope: Envelope;
  readonly message: RelayMessage;
}

/** The last subscription that the relay refused, to be shown. */
export const refusedSubscription = signal<string | undefined>(undefined);

/**
 * Hears the envelopes that arrive at a destination. The SDK hands every message over once and in order; bodies that
 * are no envelope, and those that do not come from whom they must, are ignored. Use within `whileSignedIn`.
 * @returns stops it
 */
export function listenTo<Content>(
  destination: string,
  handler: (content: Content, heard: Heard) => void,
  { from = 'service', accept, unread }: ListenOptions<Content> = {},
): () => void {
  const read = from === 'service' ? readFromService : readFromAnyone;
  const hear = (message: RelayMessage) => {
    const envelope = read(message);
    if (envelope === undefined || (accept !== undefined && !accept(envelope.content))) return;
    handler(envelope.content as Content, { envelope, message });
  };
  let wanted = true;
  const ended = (error: unknown) => {
    // Also told of those that were given up before the relay had answered.
    if (!wanted) return;
    const why = error instanceof Error ? error.message : 'refused';
    refusedSubscription.value = `${destination}: ${why}`;
  };
  const options = { onEnded: ended, ...(unread === undefined ? {} : { unread }) };
  const subscription = client().subscribe(destination, hear, options);
  subscription.ready.catch(ended);
  return () => {
    wanted = false;
    subscription.unsubscribe();
  };
}
