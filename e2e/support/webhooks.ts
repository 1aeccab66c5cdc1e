import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One real GitHub event. */
export interface Webhook {
  /** Unique in the package. */
  id: string;
  /** `push`, `issues` … */
  event: string;
  /** The payload as it goes over the wire. */
  body: Buffer;
}

/**
 * Every payload of @octokit/webhooks-examples, all editions, in the order of the package. Read here apart from
 * the publisher, so that a mistake there does not become the expectation here.
 */
export function allWebhooks(): Webhook[] {
  const folder = dirname(createRequire(import.meta.url).resolve('@octokit/webhooks-examples/package.json'));
  const editions = readdirSync(folder).filter((name) => /^(api\.github\.com|ghes-\d+)$/.test(name));
  return editions.flatMap((edition) => {
    const events = JSON.parse(readFileSync(join(folder, edition, 'index.json'), 'utf8')) as Array<{
      name: string;
      examples: unknown[];
    }>;
    return events.flatMap(({ name, examples }) =>
      examples.map((example, n) => ({
        id: `${edition}/${name}/${n}`,
        event: name,
        body: Buffer.from(JSON.stringify(example)),
      })),
    );
  });
}
