import type { RelayMessage } from 'stomp-relay/client';
import {
  type ClientType,
  type Envelope,
  EnvelopeError,
  type EnvelopeInput,
  openEnvelope,
  sealEnvelope,
} from 'stomp-relay/envelope';
import type { Refusal } from '../../../demo/contract.js';

const clientType: ClientType = 'web';

/** A service would not do what it was asked; `message` is for people. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Nobody answered in time, or what came is no answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The body of a request to a service: `/app/prices.query` is the business type `prices.query` of `prices`. */
export function sealRequest(destination: string, content: unknown, from: string): string {
  const businessType = destination.replace(/^\/app\//, '');
  return sealEnvelope({
    sendType: 'service',
    messageType: 'request',
    businessType,
    fromUniqueId: from,
    toUniqueId: businessType.split('.')[0] ?? businessType,
    fromClientType: clientType,
    content,
  });
}

export interface SignalInput extends Pick<EnvelopeInput, 'sendType' | 'businessType' | 'toUniqueId'> {
  readonly content: unknown;
}

/** The body of something that is worth nothing a moment later: typing. */
export function sealSignal(signal: SignalInput, from: string): string {
  return sealEnvelope({ ...signal, messageType: 'signal', fromUniqueId: from, fromClientType: clientType });
}

/**
 * The content of a service's answer.
 * @throws Refused when the service says no
 * @throws NoAnswer when it is no answer of a service: a `relay-user` means that a user made it up
 */
export function readAnswer<Answer>(message: Pick<RelayMessage, 'body' | 'sender'>): Answer {
  const envelope = readFromService(message);
  if (envelope === undefined) throw new NoAnswer('The answer cannot be read.');
  if (envelope.businessType !== 'refused') return envelope.content as Answer;
  const { message: why = 'The request was refused.', status = 400 } = (envelope.content ??
    {}) as Partial<Refusal>;
  throw new Refused(why, status);
}

/** The envelope of a service's message; undefined when a user sent it, or when the body is none. */
export function readFromService(message: Pick<RelayMessage, 'body' | 'sender'>): Envelope | undefined {
  return message.sender === undefined ? readFromAnyone(message) : undefined;
}

/** The envelope of a message, whoever sent it; undefined when the body is none. */
export function readFromAnyone(message: Pick<RelayMessage, 'body' | 'sender'>): Envelope | undefined {
  try {
    return openEnvelope(message);
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}
