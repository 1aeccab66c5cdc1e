import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Identity } from '../auth/identity.js';
import { type JsonReader, refuseBody } from './body.js';
import { onlyMethods } from './errors.js';
import { readInput } from './input.js';
import { JsonChunks } from './json-chunks.js';

/** For requests that take no fields. */
export const NO_FIELDS = z.strictObject({});

/** A request whose sender is known. */
export interface Call<Body, Query, Params = unknown> {
  readonly identity: Identity;
  readonly params: Params;
  readonly body: Body;
  readonly query: Query;
  /** To see whether the client is still there; the answer is what `handle` resolves with. */
  readonly response: Response;
}

/** What serves a request and, in the API's description, says what it is. */
export interface Description {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Such as `/api/unread`, or `/api/users/{user}/sessions` with `user` in `params`. */
  readonly path: string;
  /** Unique in the API; generated clients name their functions by it. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** Of the path; none when left out. */
  readonly params?: z.ZodObject;
  /** Of the JSON body; only POST and PUT take one. */
  readonly body: z.ZodObject;
  /** Largest body in bytes, where it is not RELAY_MAX_BODY_BYTES. */
  readonly maxBody?: number;
  readonly query: z.ZodObject;
  readonly answer: z.ZodType;
  /** Refusals of its own by HTTP status; those of every request are not repeated. */
  readonly refusals: Readonly<Record<number, string>>;
}

/** One request of the API. */
export interface Endpoint extends Description {
  /** Checks path, body and query, and does what is asked. */
  run(call: Call<unknown, unknown>): Promise<unknown>;
}

interface Definition<B extends z.ZodObject, Q extends z.ZodObject, A extends z.ZodType, P extends z.ZodObject>
  extends Description {
  readonly params?: P;
  readonly body: B;
  readonly query: Q;
  readonly answer: A;
  handle(call: Call<z.output<B>, z.output<Q>, z.output<P>>): Promise<z.output<A> | JsonChunks>;
}

/** Defines a request; `handle` gets its input checked by the very schemas that describe it. */
export function endpoint<
  B extends z.ZodObject,
  Q extends z.ZodObject,
  A extends z.ZodType,
  P extends z.ZodObject = typeof NO_FIELDS,
>(definition: Definition<B, Q, A, P>): Endpoint {
  const { handle, ...description } = definition;
  return {
    ...description,
    run: async (call) =>
      handle({
        ...call,
        params: readInput((definition.params ?? NO_FIELDS) as P, call.params, 'the path'),
        body: readInput(definition.body, call.body, 'the body'),
        query: readInput(definition.query, call.query, 'the query'),
      }),
  };
}

/** Serves the endpoints: token first, so that a stranger's body is never read. */
export function serveEndpoints(
  app: Express,
  endpoints: readonly Endpoint[],
  authenticate: (request: Request, maxBody: number | undefined) => Promise<Identity>,
  readJson: (maxBody: number | undefined) => JsonReader,
): void {
  for (const path of new Set(endpoints.map((each) => each.path))) {
    const here = endpoints.filter((each) => each.path === path);
    const route = app.route(path.replace(/\{(\w+)\}/g, ':$1'));
    for (const { method, run, body: fields, maxBody } of here) {
      const read = readJson(maxBody);
      route[method](async (request, response) => {
        const identity = await authenticate(request, maxBody);
        response.locals.user = identity.user;
        const json = takesBody({ method }) ? await read(request, response) : withoutBody(request);
        // Who has nothing to say need not say so.
        const body = json === undefined && !hasFields(fields) ? {} : json;
        const { params } = request;
        const answer = await run({ identity, params, body, query: queryOf(request), response });
        if (answer instanceof JsonChunks) await answer.writeTo(response);
        else response.json(answer);
      });
    }
    route.all(onlyMethods(here.map(({ method }) => method)));
  }
}

/** Whether requests of this kind have a body. */
export function takesBody({ method }: Pick<Description, 'method'>): boolean {
  return method === 'post' || method === 'put';
}

export function hasFields({ shape }: z.ZodObject): boolean {
  return Object.keys(shape).length > 0;
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
