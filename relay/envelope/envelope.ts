import * as z from 'zod/mini';
import { EnvelopeError } from './error.js';
import { type Envelope, type EnvelopeInput, envelopeSchema } from './schema.js';

// Without an error map zod/mini says "Invalid input" for everything.
z.config(z.locales.en());

/**
 * The JSON text of an envelope, `timestamp` filled in with now.
 * @throws EnvelopeError naming the first field that is wrong
 */
export function sealEnvelope(input: EnvelopeInput): string {
  return JSON.stringify(check({ timestamp: Date.now(), ...input }));
}

/**
 * Reads an envelope. Whom the relay has verified as sender (`relay-user`) overrides `fromUniqueId`, whatever the
 * body claims: a client that writes "the shop" there is shown as who it is. Without that header a service sent it.
 * @throws EnvelopeError when the body is no envelope
 */
export function openEnvelope(message: {
  readonly body: string;
  readonly sender: string | undefined;
}): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(message.body);
  } catch {
    throw new EnvelopeError('the body is not JSON');
  }
  const envelope = check(value);
  return message.sender === undefined ? envelope : { ...envelope, fromUniqueId: message.sender };
}

function check(value: unknown): Envelope {
  const result = z.safeParse(envelopeSchema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new EnvelopeError(`${issue?.path.join('.') || 'the envelope'}: ${issue?.message ?? 'is wrong'}`);
}
