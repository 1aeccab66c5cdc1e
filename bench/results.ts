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
  return writeJson(file ?? join('bench', 'results', `${results.at.replaceAll(':', '-')}.json`), results);
}

/** Writes figures, with the time when they were not given one, and makes the folder. @returns the whole path. */
export async function writeJson(file: string, figures: object): Promise<string> {
  const path = resolve(file);
  await mkdir(dirname(path), { recursive: true });
  const text = JSON.stringify({ at: new Date().toISOString(), ...figures }, null, 2);
  await writeFile(path, `${text}\n`);
  return path;
}
