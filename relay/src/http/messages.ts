import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Identity } from '../auth/identity.js';
import { checkUserName } from '../auth/user.js';
import { parseDestination, sendTarget } from '../destination.js';
import { DestinationError, RelayError } from '../errors.js';
import { forwardedHeaders } from '../inbound/send-headers.js';
import { PUBLISHED_AT } from '../own-headers.js';
import { type Decider, permit } from '../policy/permit.js';
import { permitReplyTo } from '../policy/permit-reply.js';
import { replyAddress } from '../reply-to.js';
import type { HeaderList } from '../stomp/frame.js';
import { TRACEPARENT, TRACESTATE } from '../trace-context.js';
import { type Tracing, tracedTarget } from '../tracing.js';
import type { Publish } from '../upstream/publish.js';
import { type Endpoint, endpoint, NO_FIELDS } from './endpoint.js';
import { HttpError } from './errors.js';

export interface MessageEndpointOptions {
  readonly publish: Publish;
  readonly policy: Decider;
  /** Undefined when nobody wants spans. */
  readonly tracing?: Tracing | undefined;
  /** RELAY_MAX_FRAME_BYTES: of the request's body. */
  readonly maxBody: number;
  /** RELAY_MAX_HEADERS. */
  readonly maxHeaders: number;
  /** RELAY_MAX_HEADER_BYTES: of one header, name and value. */
  readonly maxHeaderBytes: number;
}

const DESTINATION = { error: 'takes what follows the user, such as /topic/reply' };
const BODY = { error: 'takes a string; JSON values as their text' };
const ENCODING = { error: 'takes utf8 or base64' };
const HEADERS = { error: 'takes an object of strings' };
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const fields = z.strictObject({
  destination: z
    .string(DESTINATION)
    .regex(/^\//, DESTINATION)
    .max(1024, { error: 'takes at most 1024 characters' })
    .meta({
      description: 'As the user subscribes to it; the leading /user may be left out.',
      examples: ['/topic/reply', '/user/topic/reply'],
    }),
  body: z.string(BODY).default('').meta({ description: 'Text, or base64 for other bytes.' }),
  encoding: z.enum(['utf8', 'base64'], ENCODING).default('utf8').meta({ description: 'How to read `body`.' }),
  headers: z
    .record(z.string(), z.string(HEADERS), HEADERS)
    .default({})
    .meta({
      description:
        'As in a SEND frame: content-type, correlation-id, expiration, reply-to, amqp-message-id, relay-unread and ' +
        'names of your own. relay-user is set by the relay.',
      examples: [{ 'content-type': 'application/json' }],
    }),
});

/** The request that publishes to one user, for whoever has HTTP only. */
export function messageEndpoints(options: MessageEndpointOptions): Endpoint[] {
  const { publish, policy, maxBody } = options;
  const send = endpoint({
    method: 'post',
    path: '/api/users/{user}/messages',
    operationId: 'sendToUser',
    summary: 'Publish a message to one user',
    description:
      'The same as SEND to /user/{user}/…, and allowed by the same rules. It is answered when the broker has confirmed the ' +
      'message: from then on it arrives, live or unread. Receivers tell repetitions by amqp-message-id, which is the id of ' +
      'the answer. A message counts as one request for each RELAY_MAX_BODY_BYTES.',
    params: z.strictObject({
      user: z.string().meta({ description: 'The name as the token has it.', examples: ['alice'] }),
    }),
    body: fields,
    maxBody,
    query: NO_FIELDS,
    answer: z.object({
      id: z.string().meta({
        description:
          'The header amqp-message-id, or else Idempotency-Key, or else one that the relay makes up.',
      }),
    }),
    refusals: {
      503: 'The broker cannot take messages now. ERR_SEND_TIMEOUT: it may yet arrive; repeat it with the same id.',
    },
    async handle({ identity, params, body, response }) {
      const target = targetOf(params.user, body.destination, identity, policy);
      const bytes = bytesOf(body.body, body.encoding);
      const id = body.headers['amqp-message-id'] ?? response.req.get('idempotency-key') ?? randomUUID();
      const inherited = TRACEPARENT in body.headers ? {} : traceOf(response.req.headers);
      const given = headerList({ ...inherited, ...body.headers, 'amqp-message-id': id }, options);
      const headers = ['destination', target, ...replyHeader(body.headers['reply-to'], identity, policy)];
      headers.push(
        ...forwardedHeaders(given, identity.user),
        PUBLISHED_AT,
        String(Date.now()),
        'persistent',
        'true',
      );
      const traced = options.tracing?.send(headers, tracedTarget(target, bytes.length));
      try {
        await publish(traced?.headers ?? headers, bytes);
        traced?.end();
      } catch (error) {
        traced?.end(error instanceof RelayError ? error.code : 'ERR_INTERNAL');
        throw error;
      }
      return { id };
    },
  });
  return [send];
}

/** The trace of the request, for a message that names none of its own. */
function traceOf(headers: IncomingHttpHeaders): Record<string, string> {
  const names = [TRACEPARENT, TRACESTATE].filter((name) => typeof headers[name] === 'string');
  return Object.fromEntries(names.map((name) => [name, headers[name] as string]));
}

/** @throws DestinationError, ForbiddenError as a SEND to the same user */
function targetOf(name: string, text: string, identity: Identity, policy: Decider): string {
  const { userWord } = checkUserName(name, 'the path');
  const rest = text.startsWith('/user/') ? text.slice('/user'.length) : text;
  const destination = parseDestination(`/user/${userWord}${rest}`, 'send', identity.userWord);
  permit(policy, identity, 'send', destination);
  return sendTarget(destination);
}

function replyHeader(text: string | undefined, identity: Identity, policy: Decider): HeaderList {
  if (text === undefined) return [];
  const replyTo = permitReplyTo(policy, identity, text, () => false);
  if (replyTo.kind === 'temp-queue') {
    throw new DestinationError(
      'ERR_REPLY_TO_UNAVAILABLE',
      'a temporary queue belongs to a connection; name a destination such as /user/topic/answers',
    );
  }
  return ['reply-to', replyAddress(replyTo)];
}

function bytesOf(body: string, encoding: 'utf8' | 'base64'): Buffer {
  if (encoding === 'base64') {
    if (body.length % 4 === 0 && BASE64.test(body)) return Buffer.from(body, 'base64');
    throw new HttpError(400, 'ERR_BAD_REQUEST', 'body is not base64 with its padding, as encoding says');
  }
  // They would become U+FFFD without a word.
  if (/\p{Cs}/u.test(body)) throw new HttpError(400, 'ERR_BAD_REQUEST', 'body has broken surrogate pairs');
  return Buffer.from(body);
}

/** The limits of a SEND frame. */
function headerList(headers: Readonly<Record<string, string>>, options: MessageEndpointOptions): HeaderList {
  const { maxHeaders, maxHeaderBytes } = options;
  const entries = Object.entries(headers);
  if (entries.length > maxHeaders) throw tooLarge(`headers takes at most ${maxHeaders}`);
  for (const [name, value] of entries) {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes > maxHeaderBytes) throw tooLarge(`a header takes at most ${maxHeaderBytes} bytes`);
  }
  return entries.flat();
}

function tooLarge(message: string): HttpError {
  return new HttpError(413, 'ERR_TOO_LARGE', message);
}
