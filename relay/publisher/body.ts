import { type Envelope, EnvelopeError, type EnvelopeInput, sealEnvelope } from '../envelope/index.js';
import { PublishError } from './errors.js';

/**
 * What is sent: text, bytes, an `envelope(…)`, or any object, which is written as JSON. Numbers and truth values want
 * `JSON.stringify`, so that nobody sends one by mistake.
 */
export type Body = string | Uint8Array | EnvelopeBody | object;

/** What a service says of a message; the publisher knows the rest: how it is addressed, to whom, by which service. */
export type EnvelopeFields<Content = unknown> = Pick<EnvelopeInput<Content>, 'businessType' | 'content'> &
  Partial<EnvelopeInput<Content>>;

export class EnvelopeBody {
  constructor(readonly fields: EnvelopeFields) {}
}

/** A body that is an envelope: `toUser('alice', '/topic/orders', envelope({ businessType: 'order.shipped', content }))`. */
export function envelope<Content>(fields: EnvelopeFields<Content>): EnvelopeBody {
  return new EnvelopeBody(fields);
}

/** How the call addresses the message. */
export type Addressing = Pick<Envelope, 'sendType' | 'messageType' | 'fromUniqueId' | 'toUniqueId'>;

export interface EncodedBody {
  readonly content: Buffer;
  readonly contentType: string;
}

/** @throws PublishError ERR_BODY */
export function encodeBody(body: Body, addressing: Addressing): EncodedBody {
  if (typeof body === 'string')
    return { content: Buffer.from(body), contentType: 'text/plain;charset=utf-8' };
  if (body instanceof Uint8Array) {
    // A copy: the caller may go on with its bytes while the message waits.
    return { content: Buffer.from(body), contentType: 'application/octet-stream' };
  }
  if (typeof body !== 'object' || body === null) {
    throw new PublishError(
      'ERR_BODY',
      'a body is a string, bytes, an object that can be JSON, or envelope(…)',
    );
  }
  const text = body instanceof EnvelopeBody ? seal(body, addressing) : json(body);
  return { content: Buffer.from(text), contentType: 'application/json' };
}

function seal({ fields }: EnvelopeBody, addressing: Addressing): string {
  try {
    return sealEnvelope({ fromClientType: 'service', ...addressing, ...fields });
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    throw new PublishError('ERR_BODY', `the envelope: ${error.message}`, { cause: error });
  }
}

function json(body: object): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(body);
  } catch (error) {
    throw new PublishError('ERR_BODY', `the body cannot be written as JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (text === undefined) throw new PublishError('ERR_BODY', 'the body is nothing that JSON can hold');
  return text;
}
