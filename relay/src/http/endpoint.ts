import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Identity } from '../auth/identity.js';
import type { Authenticator } from './authenticate.js';
import { jsonReader, MAX_BODY_BYTES, refuseBody } from './body.js';
import { onlyMethods } from './errors.js';
import { readInput } from './input.js';
import { JsonChunks } from './json-chunks.js';

/** For requests that take no fields. */
export const NO_FIELDS = z.strictObject({});

/** A request whose sender is known. */
export interface Call<Body, Query> {
  readonly identity: Identity;
  readonly body: Body;
  readonly query: Query;
  /** To see whether the client is still there; the answer is what `handle` resolves with. */
  readonly response: Response;
}

/** What serves a request and, in the API's description, says what it is. */
export interface Description {
  readonly method: 'get' | 'post' | 'delete';
  /** Such as `/api/unread`. */
  readonly path: string;
  /** Unique in the API; generated clients name their functions by it. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** Of the JSON body; only POST takes one. */
  readonly body: z.ZodObject;
  readonly query: z.ZodObject;
  readonly answer: z.ZodType;
  /** Refusals of its own by HTTP status; those of every request are not repeated. */
  readonly refusals: Readonly<Record<number, string>>;
}

/** One request of the API. */
export interface Endpoint extends Description {
  /** Checks body and query, and does what is asked. */
  run(call: Call<unknown, unknown>): Promise<unknown>;
}

interface Definition<B extends z.ZodObject, Q extends z.ZodObject, A extends z.ZodType> extends Description {
  readonly body: B;
  readonly query: Q;
  readonly answer: A;
  handle(call: Call<z.output<B>, z.output<Q>>): Promise<z.output<A> | JsonChunks>;
}

/** Defines a request; `handle` gets its input checked by the very schemas that describe it. */
export function endpoint<B extends z.ZodObject, Q extends z.ZodObject, A extends z.ZodType>(
  definition: Definition<B, Q, A>,
): Endpoint {
  const { handle, ...description } = definition;
  return {
    ...description,
    run: async (call) =>
      handle({
        ...call,
        body: readInput(definition.body, call.body, 'the body'),
        query: readInput(definition.query, call.query, 'the query'),
      }),
  };
}

/** Serves the endpoints: token first, so that a stranger's body is never read. */
export function serveEndpoints(
  app: Express,
  endpoints: readonly Endpoint[],
  authenticate: Authenticator,
): void {
  const readJson = jsonReader(MAX_BODY_BYTES);
  for (const path of new Set(endpoints.map((each) => each.path))) {
    const here = endpoints.filter((each) => each.path === path);
    const route = app.route(path);
    for (const { method, run } of here) {
      route[method](async (request, response) => {
        const identity = await authenticate(request);
        const body = method === 'post' ? await readJson(request, response) : withoutBody(request);
        const answer = await run({ identity, body, query: queryOf(request), response });
        if (answer instanceof JsonChunks) await answer.writeTo(response);
        else response.json(answer);
      });
    }
    route.all(onlyMethods(here.map(({ method }) => method)));
  }
}

function withoutBody(request: Request): Record<string, never> {
  refuseBody(request);
  return {};
}

/** The query without the token, which may stand there and is no field of any request. */
function queryOf(request: Request): Record<string, unknown> {
  const { access_token, token, ...query } = request.query;
  return query;
}
