import { Validator } from '@seriousme/openapi-schema-validator';
import type { Express } from 'express';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ask, serve, UP } from './serve.js';

type Schema = Parameters<typeof z.fromJSONSchema>[0];
interface Operation {
  operationId: string;
  security: object[];
  parameters?: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: Record<string, { content: Record<string, { schema: Schema }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: { Error: Schema } };
}

async function described(): Promise<Document> {
  const { url } = await serve();
  const { status, headers, body } = await ask<Document>(`${url}/api/openapi.json`);
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  return body;
}

/** `method path` of everything that the app has a route for. */
function routes(app: Express): string[] {
  return app.router.stack.flatMap(({ route }) =>
    (route?.stack ?? []).flatMap(({ method }) => {
      const path = String(route?.path).replace(/:(\w+)/g, '{$1}');
      return method ? [`${method} ${path}`] : [];
    }),
  );
}

function operation(document: Document, method: string, path: string): Operation {
  const found = document.paths[path]?.[method];
  if (!found) throw new Error(`${method} ${path} is not described`);
  return found;
}

/** The checked-by-itself schema of what an operation answers with. */
function answerSchema(document: Document, method: string, path: string, status = '200'): z.ZodType {
  const schema = operation(document, method, path).responses[status]?.content['application/json']?.schema;
  if (!schema) throw new Error(`${method} ${path} has no ${status}`);
  return z.fromJSONSchema(schema);
}

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = await described();
    expect(document.openapi).toMatch(/^3\.1\./);
    const validator = new Validator();
    const { valid, errors } = await validator.validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    );
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('describes every route that is served, and none that is not', async () => {
    const { app } = await serve();
    const { paths } = await described();
    const listed = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(listed.sort()).toEqual(routes(app).sort());
    expect(listed).toContain('post /api/unread/pull');
  });

  it('says what a pull takes', async () => {
    const { requestBody } = operation(await described(), 'post', '/api/unread/pull');
    expect(requestBody?.content['application/json'].schema).toMatchObject({
      type: 'object',
      required: ['destination'],
      additionalProperties: false,
      properties: {
        destination: { type: 'string', maxLength: 1024 },
        limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      },
    });
  });

  it('says which destination may be cleared', async () => {
    const { parameters, requestBody } = operation(await described(), 'delete', '/api/unread');
    expect(requestBody).toBeUndefined();
    expect(parameters).toMatchObject([
      { name: 'destination', in: 'query', required: false, schema: { type: 'string' } },
    ]);
  });

  it('says whose sessions may be ended', async () => {
    const { parameters } = operation(await described(), 'delete', '/api/users/{user}/sessions');
    expect(parameters).toMatchObject([
      { name: 'user', in: 'path', required: true, schema: { type: 'string' } },
    ]);
  });

  it('asks for no body where none is needed', async () => {
    expect(operation(await described(), 'post', '/api/tickets').requestBody).toMatchObject({
      required: false,
    });
  });

  it('asks for a token exactly where one is needed', async () => {
    const { url } = await serve();
    for (const [path, operations] of Object.entries((await described()).paths)) {
      for (const [method, { security, responses }] of Object.entries(operations)) {
        const { status } = await fetch(url + path, { method: method.toUpperCase() });
        expect([path, method, status === 401]).toEqual([path, method, security.length > 0]);
        expect(Object.keys(responses)).toContain(String(status));
      }
    }
  });

  it('has no name for two requests', async () => {
    const names = Object.values((await described()).paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('is what answers look like', async () => {
    const { url, store } = await serve();
    const document = await described();
    store.put('alice', 'topic.reply', 'text', ['a', 'b']);
    store.put('alice', 'topic.reply', Buffer.from([0xff]));
    for (const [method, path, body] of [
      ['get', '/api/unread', undefined],
      ['post', '/api/unread/pull', { destination: '/topic/reply' }],
      ['post', '/api/unread/pull', { destination: '/topic/empty' }],
      ['post', '/api/unread/ack', { lease: 'lease-1' }],
      ['post', '/api/tickets', undefined],
      ['delete', '/api/unread', undefined],
      ['get', '/healthz', undefined],
      ['get', '/readyz', undefined],
    ] as const) {
      const answer = await ask(url + path, { as: 'alice', method: method.toUpperCase(), body });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answerSchema(document, method, path).parse(answer.body)).toEqual(answer.body);
    }
    expect(answerSchema(document, 'get', '/readyz').safeParse({ ready: 'no' }).success).toBe(false);
    expect(answerSchema(document, 'get', '/readyz', '503').safeParse(UP).success).toBe(true);
    const refused = await ask(`${url}/api/unread`);
    expect(z.fromJSONSchema(document.components.schemas.Error).parse(refused.body)).toEqual(refused.body);
  });
});
