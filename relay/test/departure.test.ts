import { expect, it } from 'vitest';
import { Departure } from '../src/departure.js';
import { ask, serve } from './http/serve.js';

/** What a relay at this stage answers: status, `Retry-After` and `Connection`. */
async function answers(stage: Departure['stage']): Promise<Record<string, unknown[]>> {
  const departure = new Departure();
  departure.stage = stage;
  const { url } = await serve({}, { departure });
  const asked = [
    ['GET', '/healthz'],
    ['GET', '/api/unread'],
    ['POST', '/api/tickets'],
  ] as const;
  const entries = asked.map(async ([method, path]) => {
    const { status, headers } = await ask(url + path, { as: 'alice', method });
    return [path, [status, headers.get('retry-after'), headers.get('connection')]];
  });
  return Object.fromEntries(await Promise.all(entries));
}

it('a relay that serves keeps connections open', async () => {
  const open = [200, null, 'keep-alive'];
  expect(await answers('serving')).toEqual({
    '/healthz': open,
    '/api/unread': open,
    '/api/tickets': open,
  });
});

it('one that drains gives no ticket, which would end with it, and serves everything else once more', async () => {
  const last = [200, null, 'close'];
  expect(await answers('draining')).toEqual({
    '/healthz': last,
    '/api/unread': last,
    '/api/tickets': [503, '1', 'close'],
  });
});

it('one that leaves the broker answers only those who watch it', async () => {
  const refused = [503, '1', 'close'];
  expect(await answers('closing')).toEqual({
    '/healthz': [200, null, 'close'],
    '/api/unread': refused,
    '/api/tickets': refused,
  });
});
