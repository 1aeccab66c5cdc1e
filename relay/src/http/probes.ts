import type { Express } from 'express';
import { z } from 'zod';
import type { Scrape } from '../workers/place.js';
import { onlyMethods } from './errors.js';

export const healthSchema = z.object({ status: z.literal('ok') });

export const readinessSchema = z.object({
  ready: z.boolean(),
  parts: z
    .record(z.string(), z.object({ up: z.boolean(), error: z.string().optional() }))
    .meta({ description: 'Each part that must be up, with why it is not.' }),
  draining: z.literal(true).optional().meta({ description: 'The relay is about to end: ask another one.' }),
  alarm: z.string().optional().meta({
    description: 'What the broker is short of. Clients that send wait; everything else goes on.',
  }),
  workers: z.object({ ready: z.int(), of: z.int() }).optional().meta({
    description: 'With RELAY_WORKERS: how many of them are ready. All else is about the one that answers.',
  }),
});

/** Whether the relay can serve: every part that must be up, with why it is not. */
export type Readiness = z.output<typeof readinessSchema>;

/** Serves what orchestrators and Prometheus ask: `/healthz`, `/readyz`, `/metrics`. */
export function serveProbes(app: Express, scrape: Scrape, readiness: () => Readiness): void {
  const get = onlyMethods(['get']);
  app
    .route('/healthz')
    .get((_request, response) => {
      response.json({ status: 'ok' } satisfies z.output<typeof healthSchema>);
    })
    .all(get);
  app
    .route('/readyz')
    .get((_request, response) => {
      const state = readiness();
      response.status(state.ready ? 200 : 503).json(state);
    })
    .all(get);
  app
    .route('/metrics')
    .get(async (_request, response) => {
      const text = await scrape.metrics();
      response.type(scrape.contentType).send(text);
    })
    .all(get);
}
