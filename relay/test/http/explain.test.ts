import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAccess } from '../../src/policy/access.js';
import type { Explanation } from '../../src/policy/explain.js';
import { rules } from '../policy/asking.js';
import { ask, type Refusal, serve } from './serve.js';

const policy = createAccess(
  rules(`  - name: news
    subscribe: /topic/news.#
    headers: {x-expires: {max: 60}}
    slow: {drop-oldest: 50}
  - send: "/user/{user}/#"`),
  {},
);

async function explained(query: Record<string, string>, as: string | undefined = 'alice') {
  const { url } = await serve({}, { policy });
  return ask<Explanation>(`${url}/api/explain?${new URLSearchParams(query)}`, { as });
}

describe('GET /api/explain', () => {
  it('says what the caller may, and why', async () => {
    const { status, body } = await explained({ action: 'subscribe', destination: '/topic/news.#' });
    expect([status, body]).toEqual([
      200,
      {
        allowed: true,
        code: null,
        reason: 'The access file allows it in line 3.',
        rule: { line: 3, name: 'news' },
        grants: null,
        dryRun: false,
        destination: { kind: 'topic', words: [['news', '#']] },
        broker: { exchange: 'amq.topic', routingKey: 'news.#' },
        headers: { 'x-expires': '0 to 60' },
        slow: { policy: 'drop-oldest', most: 50 },
      },
    ]);
  });

  it('is about the caller’s own token', async () => {
    const query = { action: 'send', destination: '/user/alice/x' };
    expect((await explained(query, 'alice')).body.allowed).toBe(true);
    expect((await explained(query, 'bob')).body.allowed).toBe(false);
  });

  it.each([
    ['/topic/%2e%2e', 'ERR_DESTINATION_INVALID'],
    ['', 'ERR_DESTINATION_INVALID'],
    ['/queue/relay.x', 'ERR_DESTINATION_RESERVED'],
    ['/topic/a\u0000b', 'ERR_DESTINATION_INVALID'],
    ['/topic/other', 'ERR_FORBIDDEN'],
  ])('answers %j too', async (destination, code) => {
    const { status, body } = await explained({ action: 'subscribe', destination });
    expect([status, body.allowed, body.code]).toEqual([200, false, code]);
  });

  it('refuses what is no question', async () => {
    const { url } = await serve({}, { policy });
    for (const [query, message] of [
      ['action=read&destination=/topic/a', 'action takes subscribe or send'],
      ['action=send', 'destination takes'],
      ['action=send&destination=/a&destination=/b', 'destination takes'],
      ['action=send&destination=/a&user=bob', 'the query has "user"'],
    ]) {
      const answer = await ask<Refusal>(`${url}/api/explain?${query}`, { as: 'alice' });
      expect([answer.status, answer.body.error.message]).toEqual([
        400,
        expect.stringContaining(message ?? ''),
      ]);
    }
  });

  it('wants a token', async () => {
    const { url } = await serve({}, { policy });
    expect((await ask(`${url}/api/explain?action=send&destination=/topic/a`)).status).toBe(401);
  });

  it('answers as it is described', async () => {
    const { url } = await serve({}, { policy });
    const { body: document } = await ask<{
      paths: Record<
        string,
        {
          get: {
            responses: Record<
              string,
              { content: Record<string, { schema: Parameters<typeof z.fromJSONSchema>[0] }> }
            >;
          };
        }
      >;
    }>(`${url}/api/openapi.json`);
    const schema = document.paths['/api/explain']?.get.responses['200']?.content['application/json']?.schema;
    if (!schema) throw new Error('GET /api/explain is not described');
    for (const [action, destination] of [
      ['subscribe', '/topic/news.a'],
      ['subscribe', '/user/relay.unread'],
      ['send', '/queue/a'],
      ['send', '/nowhere'],
    ]) {
      const { body } = await ask(
        `${url}/api/explain?${new URLSearchParams({ action: action ?? '', destination: destination ?? '' })}`,
        { as: 'alice' },
      );
      expect(z.fromJSONSchema(schema).parse(body)).toEqual(body);
    }
  });
});
