import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../src/cli/run.js';

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface Given {
  env?: Record<string, string>;
  /** Standard input. */
  input?: string;
}

const directories: string[] = [];

/** Writes a file, and says where it is; `removeFiles` is to be called after all tests. */
export function file(name: string, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'relay-cli-'));
  directories.push(directory);
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

export function removeFiles(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** Runs a command in this process. */
export async function run(name: string, args: string[], { env = {}, input = '' }: Given = {}): Promise<Ran> {
  const ran: Ran = { code: null, out: '', err: '' };
  ran.code = await runCommand(name, args, {
    env,
    out: (text) => {
      ran.out += `${text}\n`;
    },
    err: (text) => {
      ran.err += `${text}\n`;
    },
    input: async () => input,
  });
  return ran;
}

/** Runs the program itself, as a user would. */
export function spawnRelay(args: string[], { env = {}, input = '' }: Given = {}): Promise<Ran> {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ran.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ran.err += chunk.toString();
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ran, code }));
  });
}
