import { fileURLToPath } from 'node:url';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The package's own entry points by their sources, for what runs or bundles those: built, they are in dist/. */
export const sources = {
  'stomp-relay/envelope': source('relay/envelope/index.ts'),
  'stomp-relay/client/shared-worker': source('relay/client/shared-worker.ts'),
  'stomp-relay/client': source('relay/client/index.ts'),
  'stomp-relay/publisher': source('relay/publisher/index.ts'),
  'stomp-relay/playwright': source('relay/playwright/index.ts'),
};
