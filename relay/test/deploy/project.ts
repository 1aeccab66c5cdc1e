import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @param path seen from the root of the project */
export const read = (path: string): string => readFileSync(ROOT + path, 'utf8');

/** The first document of a YAML file, its merge keys carried out. */
export const readYaml = (path: string): unknown => parse(read(path), { merge: true, logLevel: 'silent' });

/** Every file below a folder, seen from the root of the project. */
export function filesBelow(folder: string): string[] {
  return readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length).replace(/^\//, ''));
}

/** `NAME=value` lines. */
export function readEnv(path: string): Record<string, string> {
  const lines = [...read(path).matchAll(/^([A-Z_]+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]));
}
