import * as z from 'zod/mini';
import { type ContentSchema, checkContent } from './content.js';
import { EnvelopeError } from './error.js';
import { type Envelope, type EnvelopeInput, envelopeSchema } from './schema.js';

// Without words zod/mini says "Invalid input" for everything; the application's own zod keeps its language.
const { localeError } = z.locales.en();

/**
 * The JSON text of an envelope, `timestamp` filled in with now.
 * @throws EnvelopeError naming the first field that is wrong
 */
export function sealEnvelope<Content>(input: EnvelopeInput<Content>): string {
  const checked = check({ ...input, timestamp: input.timestamp ?? Date.now() });
  try {
    return JSON.stringify(checked);
  } catch (error) {
    throw new EnvelopeError(`content: cannot be written as JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
}

/** A MESSAGE as it came: a `RelayMessage` of the client fits. */
export interface ReceivedMessage {
  readonly body: string;
  /** The header `relay-user`; undefined when a service sent it. */
  readonly sender: string | undefined;
}

/**
 * Reads an envelope. Whom the relay has verified as sender (`relay-user`) overrides `fromUniqueId`, whatever the
 * body claims: a client that writes "the shop" there is shown as who it is. Without that header a service sent it.
 * Fields that are not known are left out.
 * @param content checks and types `content`, which is `unknown` without
 * @throws EnvelopeError when the body is no envelope, or its content not what was asked for
 */
export function openEnvelope(message: ReceivedMessage): Envelope;
export function openEnvelope<Content>(
  message: ReceivedMessage,
  content: ContentSchema<Content>,
): Envelope<Content>;
export function openEnvelope(message: ReceivedMessage, content?: ContentSchema<unknown>): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(message.body);
  } catch (error) {
    throw new EnvelopeError('the body is not JSON', { cause: error });
  }
  const envelope = check(value);
  return {
    ...envelope,
    ...(content && { content: checkContent(content, envelope.content) }),
    ...(message.sender !== undefined && { fromUniqueId: message.sender }),
  };
}

function check(value: unknown): Envelope {
  const result = z.safeParse(envelopeSchema, value, { error: localeError });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new EnvelopeError(`${issue?.path.join('.') || 'the envelope'}: ${issue?.message ?? 'is wrong'}`);
}
