import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { sources } from '../sources.config.js';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that the page also works where a reverse proxy serves it under a path of its own.
  base: './',
  resolve: { alias: sources },
  // sockjs-client was written for bundlers that had a `global`.
  define: { global: 'globalThis' },
  // The shared worker fetches SockJS only when it needs it.
  worker: { format: 'es' },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // A data: URL would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
  },
});
