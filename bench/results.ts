import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Row } from './rows.js';
import type { Sizes } from './sizes.js';

export interface Results {
  at: string;
  quick: boolean;
  machine: Record<string, string | number>;
  sizes: Sizes;
  rows: Row[];
  failures: string[];
}

/** Writes the file and names it. Without a name it is bench/results/<time>.json, below the working directory. */
export async function writeResults(file: string | undefined, results: Results): Promise<string> {
  const path = resolve(file ?? join('bench', 'results', `${results.at.replaceAll(':', '-')}.json`));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}
