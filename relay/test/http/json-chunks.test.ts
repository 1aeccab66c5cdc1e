import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import express from 'express';
import { expect, it } from 'vitest';
import { JsonChunks } from '../../src/http/json-chunks.js';
import { waitFor } from '../support/wait.js';

const PIECES = 64;

it('a client that does not read makes the relay write no further, and one that leaves ends it', async () => {
  let made = 0;
  let finished = false;
  function* pieces(): Generator<string> {
    for (; made < PIECES; made++) yield 'x'.repeat(1 << 20);
  }
  const app = express();
  app.get('/', async (_request, response) => {
    await new JsonChunks(pieces()).writeTo(response);
    finished = true;
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => made > 1, { what: 'the answer to begin' });
    // Enough to make every piece, were nothing waited for.
    for (let i = 0; i < PIECES * 10; i++) await turn();
    expect(made).toBeLessThan(PIECES);
    expect(finished).toBe(false);
    client.destroy();
    await waitFor(() => finished, { what: 'the end of it', timeout: 3000 });
    expect(made).toBeLessThan(PIECES);
  } finally {
    client.destroy();
    server.close();
  }
});
