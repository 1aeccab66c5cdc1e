import type { Check } from '../check.js';
import { unlessLost } from '../examination.js';
import { found } from '../finding.js';
import { channelsOf } from './limits.js';

/** RabbitMQ's own limit on the time that a delivery may wait for its acknowledgement, in milliseconds. */
const CONSUMER_TIMEOUT = 30 * 60_000;

/** What a connection may do, and what the broker tells no one about. */
export const connection: Check = {
  name: 'connection',
  about: 'channels, size of messages, and time to acknowledge',
  async *run(examination) {
    const { env } = examination.config;
    const { RELAY_ACK_TIMEOUT: ackTimeout, RELAY_MAX_FRAME_BYTES: size } = env;
    const { channelMax } = (await unlessLost(examination.looking())).server;
    if (channelMax < channelsOf(env)) {
      yield found(
        'DOC_CHANNEL_MAX',
        `a connection may have ${channelMax} channels, and a relay opens up to ${channelsOf(env)}`,
        'channel_max = 2047 in rabbitmq.conf, or a smaller RELAY_MAX_LEASES',
      );
    }
    if (ackTimeout >= CONSUMER_TIMEOUT) {
      yield found(
        'DOC_ACK_TIMEOUT',
        `RELAY_ACK_TIMEOUT lets clients take ${ackTimeout / 60_000} min to acknowledge; whether the broker does cannot be seen from here`,
        `consumer_timeout = ${2 * ackTimeout} in rabbitmq.conf, or RELAY_ACK_TIMEOUT below ${CONSUMER_TIMEOUT}`,
      );
    }
    const visit = await unlessLost(examination.publishing());
    // To no queue at all.
    const refusal = await visit.publishRefusal('', examination.id, Buffer.alloc(size));
    if (refusal !== undefined) {
      yield found(
        'DOC_MESSAGE_SIZE',
        `the broker refuses a message of ${size} bytes (${refusal})`,
        `max_message_size = ${size} or more in rabbitmq.conf, or a smaller RELAY_MAX_FRAME_BYTES`,
      );
    }
  },
};
