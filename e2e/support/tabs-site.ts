import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { sources } from '../../sources.config.js';
import { type Site, serveSite } from './site.js';

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** Bundles the page of `tabs/` with Vite, as an application would, and serves it on a free port. */
export async function serveTabs(outDir: string): Promise<Site> {
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('tabs', import.meta.url)),
    resolve: { alias: sources },
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2022' },
  });
  return serveSite((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = join(outDir, path === '/' ? 'index.html' : path);
    readFile(file).then(
      (body) => response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
}
