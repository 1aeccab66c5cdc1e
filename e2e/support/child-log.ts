import { createWriteStream, mkdirSync } from 'node:fs';

/** The runner empties it at the start; what was started for the tests says stays there for whoever has a failure to explain. */
const folder = new URL('../../test-results/', import.meta.url);
let started = 0;

/** Where what one process prints is kept, beside the other results; `npm test` looks for secrets in it. */
export function childLog(name: string): (chunk: Buffer) => void {
  mkdirSync(folder, { recursive: true });
  started += 1;
  const log = createWriteStream(new URL(`${name}-${process.pid}-${started}.log`, folder));
  return (chunk) => log.write(chunk);
}
