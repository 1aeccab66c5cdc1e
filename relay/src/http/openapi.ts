import { z } from 'zod';
import { TOKEN_COOKIE } from '../auth/sources.js';
import { BACKCHANNEL_PATH } from './backchannel.js';
import { type Description, hasFields, takesBody } from './endpoint.js';
import { errorSchema } from './errors.js';
import { healthSchema, readinessSchema } from './probes.js';

type Json = Readonly<Record<string, unknown>>;

/** Where the description itself is served. */
export const OPENAPI_PATH = '/api/openapi.json';

/** Refusals of every request of the API, by HTTP status. */
const COMMON: Readonly<Record<number, string>> = {
  400: 'The request is not well-formed; the message says what it takes.',
  401: 'The token is missing, bad or spent.',
  403: 'The Origin is not allowed, or the policy says no.',
  429: 'Too many requests of this user, or too many refused tokens of this address.',
  503: 'The broker, or the key set that tokens are checked with, is away: try again.',
};

/** Refusals of requests with a body. */
const WITH_BODY: Readonly<Record<number, string>> = {
  413: 'The body is too large.',
  415: 'The body is not application/json.',
};

/** The API as an OpenAPI 3.1 document, made of the schemas that requests are checked by. */
export function openApiDocument(endpoints: readonly Description[]): Json {
  const paths: Record<string, Json> = {
    '/healthz': {
      get: probe('health', 'Whether the process lives', { 200: json('It does.', healthSchema) }),
    },
    '/readyz': {
      get: probe('readiness', 'Whether every link to the broker is up', {
        200: json('Ready.', readinessSchema),
        503: json('Not ready.', readinessSchema),
      }),
    },
    '/metrics': {
      get: probe('metrics', 'Figures for Prometheus', {
        200: { description: 'The text format.', content: { 'text/plain': { schema: { type: 'string' } } } },
      }),
    },
    [BACKCHANNEL_PATH]: { post: backchannelLogout() },
    [OPENAPI_PATH]: {
      get: probe('openapi', 'This document', {
        200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
      }),
    },
  };
  for (const each of endpoints) {
    paths[each.path] = { ...paths[each.path], [each.method]: operation(each) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'STOMP relay',
      version: '1',
      description: 'What the relay offers over plain HTTP. Messages themselves go over STOMP.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Error: schemaOf(errorSchema, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        query: { type: 'apiKey', in: 'query', name: 'access_token', description: 'Also taken as `token`.' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: TOKEN_COOKIE,
          description: 'Only from pages of the own host or a listed Origin.',
        },
      },
    },
  };
}

function probe(operationId: string, summary: string, responses: Json): Json {
  return { operationId, summary, security: [], responses };
}

/** OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8, whose errors are those of OAuth. */
function backchannelLogout(): Json {
  const form = z.object({ logout_token: z.string() });
  const refused = z.object({ error: z.string(), error_description: z.string() });
  return {
    operationId: 'backchannelLogout',
    summary: 'Take a logout token from the identity provider',
    security: [],
    requestBody: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: schemaOf(form, 'input') } },
    },
    responses: {
      200: { description: 'Whoever it names is signed out at all relays.' },
      400: json('It is no good logout token.', refused),
      429: refusal('429', 'Too many refused tokens from this address.'),
      503: refusal('503', COMMON[503] ?? ''),
    },
  };
}

function operation(each: Description): Json {
  const hasBody = takesBody(each);
  const refusals = { ...COMMON, ...(hasBody ? WITH_BODY : {}), ...each.refusals };
  return {
    operationId: each.operationId,
    summary: each.summary,
    ...(each.description === undefined ? {} : { description: each.description }),
    security: [{ bearer: [] }, { query: [] }, { cookie: [] }],
    parameters: [
      ...(each.params ? parametersOf(each.params, 'path') : []),
      ...parametersOf(each.query, 'query'),
    ],
    ...(hasBody
      ? {
          requestBody: {
            required: hasFields(each.body),
            content: { 'application/json': { schema: schemaOf(each.body, 'input') } },
          },
        }
      : {}),
    responses: {
      200: json('Done.', each.answer),
      ...Object.fromEntries(Object.entries(refusals).map(([status, why]) => [status, refusal(status, why)])),
    },
  };
}

function parametersOf(fields: z.ZodObject, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(fields, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema,
  }));
}

function json(description: string, schema: z.ZodType): Json {
  return { description, content: { 'application/json': { schema: schemaOf(schema, 'output') } } };
}

function refusal(status: string, description: string): Json {
  const challenge = { 'WWW-Authenticate': { schema: { type: 'string' } } };
  const retry = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } };
  return {
    description,
    ...(status === '401' ? { headers: challenge } : {}),
    ...(status === '429' || status === '503' ? { headers: retry } : {}),
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
}

/** `io`: what a sender may write (fields with a default left out), or what a receiver gets. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  // OpenAPI 3.1 means this dialect of JSON Schema unless told otherwise.
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
