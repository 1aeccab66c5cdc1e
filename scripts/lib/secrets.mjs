import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a signed token looks like, wherever it stands and whoever made it. */
const TOKEN = /\beyJ[\w-]{5,}\.[\w-]{10,}\.[\w-]*/;
/** A ticket in a request target. */
const TICKET = /\/socket\/(?!\[redacted\])[\w.~%-]{16,}|[?&]ticket=(?!\[redacted\])[\w.~%-]+/i;
/** Shorter ones would be found in anything. */
const SHORTEST = 8;
const LIST = 'secrets.txt';

/**
 * Looks through the logs of a test run.
 * @param {readonly string[]} folders with files that end in .log; secrets.txt in any of them names secrets, one a line
 * @returns {Promise<{ lines: number, secrets: number, leaks: string[] }>} where something stands that must not; never what
 */
export async function findSecrets(folders) {
  const there = folders.filter((folder) => existsSync(folder));
  const lists = there.map((folder) => join(folder, LIST)).filter((list) => existsSync(list));
  const named = lists.flatMap((list) => readFileSync(list, 'utf8').split('\n'));
  const secrets = [...new Set(named.filter((secret) => secret.length >= SHORTEST))];
  /** @type {string[]} */
  const leaks = [];
  let lines = 0;
  for (const file of there.flatMap(logFiles)) {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(file) })) {
      number += 1;
      const what = found(line, secrets);
      if (what) leaks.push(`${basename(file)}:${number}: ${what}`);
    }
    lines += number;
  }
  return { lines, secrets: secrets.length, leaks };
}

/** @param {string} folder */
function logFiles(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
  return names.sort().map((name) => join(folder, name));
}

/**
 * @param {string} line
 * @param {readonly string[]} secrets
 */
function found(line, secrets) {
  if (TOKEN.test(line)) return 'a token';
  if (TICKET.test(line)) return 'a ticket';
  const which = secrets.findIndex((secret) => line.includes(secret));
  return which < 0 ? undefined : `secret ${which + 1} of ${LIST}`;
}
