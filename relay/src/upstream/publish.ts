import { setTimeout as delay } from 'node:timers/promises';
import type { Alarm } from '../broker/alarm.js';
import { RelayError } from '../errors.js';
import type { HeaderList } from '../stomp/frame.js';
import type { SendLink } from './sends.js';

/**
 * Publishes one message; resolves when the broker has confirmed it.
 * @param headers of the SEND, destination included, all of them checked
 * @throws RelayError, of the closure brokerUnavailable when the broker cannot take it in time: with the code
 *   ERR_BROKER_UNAVAILABLE it was not sent, with ERR_SEND_TIMEOUT it may yet arrive.
 */
export type Publish = (headers: HeaderList, body: Buffer) => Promise<void>;

export interface PublishOptions {
  pickSendLink(): Pick<SendLink, 'ready' | 'congested' | 'send'>;
  readonly alarm: Alarm;
  /** How long a message waits for a broker that takes messages, and then for its confirm; milliseconds each. */
  readonly wait: number;
  /** Bytes of bodies that wait for the broker; more are refused at once. */
  readonly highWater: number;
}

const LOOK_MS = 50;

/** For whoever has no session, and so cannot be made to wait by not being read. */
export function createPublish({ pickSendLink, alarm, wait, highWater }: PublishOptions): Publish {
  let waitingBytes = 0;

  /** What is not on a link yet can still be refused for certain; a link sends what it was given, however late. */
  async function readyLink(bytes: number): Promise<Pick<SendLink, 'send'>> {
    const link = pickSendLink();
    const takes = () => link.ready && !link.congested && !alarm.congested;
    if (takes()) return link;
    if (waitingBytes + bytes > highWater) throw unavailable();
    waitingBytes += bytes;
    try {
      for (const deadline = Date.now() + wait; Date.now() < deadline; ) {
        await delay(LOOK_MS);
        if (takes()) return link;
      }
    } finally {
      waitingBytes -= bytes;
    }
    throw unavailable();
  }

  return async (headers, body) => {
    const link = await readyLink(body.length);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(unconfirmed()), wait);
        link.send(headers, body, (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      clearTimeout(timer);
    }
  };
}

function unavailable(): RelayError {
  const message = 'the broker cannot take messages now: the message was not sent; try again in a moment';
  return new RelayError('ERR_BROKER_UNAVAILABLE', message, 'brokerUnavailable');
}

function unconfirmed(): RelayError {
  const message =
    'the broker has not confirmed the message in time: it may yet arrive; send it again with the same id';
  return new RelayError('ERR_SEND_TIMEOUT', message, 'brokerUnavailable');
}
