/** What a decoder accepts before it refuses the frame. All counts are octets on the wire. */
export interface DecoderLimits {
  /** One whole frame, from the first octet of the command to the NUL, both included. */
  maxFrameBytes: number;
  /** Header lines of one frame, repeated ones counted. */
  maxHeaders: number;
  /** One header line: name, colon and value as they are on the wire, without the line end. */
  maxHeaderBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** For frames from clients, who are not trusted: a body of 1 MiB fits with 64 KiB of headers. */
export const SERVER_SIDE_LIMITS: Readonly<DecoderLimits> = {
  maxFrameBytes: MIB + 64 * KIB,
  maxHeaders: 128,
  maxHeaderBytes: 16 * KIB,
};

/**
 * For frames from the broker. A message that a service could publish must not kill the link, because
 * the broker would deliver it again to the next one. RabbitMQ's largest message by default is 128 MiB, and
 * all properties of a message fit into one AMQP frame of 128 KiB (escaping at most doubles them).
 */
export const CLIENT_SIDE_LIMITS: Readonly<DecoderLimits> = {
  maxFrameBytes: 129 * MIB,
  maxHeaders: 16 * KIB,
  maxHeaderBytes: 512 * KIB,
};

/**
 * The defaults of a side with some of them replaced.
 * @throws RangeError when a limit is not a positive whole number.
 */
export function resolveLimits(side: 'server' | 'client', given: Partial<DecoderLimits> = {}): DecoderLimits {
  const limits = { ...(side === 'server' ? SERVER_SIDE_LIMITS : CLIENT_SIDE_LIMITS), ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`${name} must be a whole number of 1 or more, not ${value}`);
    }
  }
  return limits;
}
