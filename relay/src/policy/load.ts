import type { Action } from '../destination.js';
import { PolicyError } from './errors.js';
import { NO_HEADERS } from './header-grants.js';
import { readConditions, readRoles } from './load-conditions.js';
import { readHeaders } from './load-headers.js';
import { readSlow } from './load-slow.js';
import { PatternError, parsePattern } from './pattern.js';
import { Policy } from './policy.js';
import { MANAGEABLE, type Manageable, type PlacedPattern, type Rule } from './rule.js';
import { suggest } from './suggest.js';
import { type Located, YamlReader } from './yaml-reader.js';

export { GRANTABLE_HEADERS } from './header-grants.js';

const RULE_KEYS = ['name', 'when', 'roles', 'subscribe', 'send', 'manage', 'headers', 'slow', 'deny'];

export interface LoadOptions {
  /** The claim, or the path to it, that `roles:` looks at (RELAY_ROLES_CLAIM). Default `roles`. */
  readonly rolesClaim?: string;
}

/**
 * Reads an access file (YAML 1.2; the format is explained in `access.example.yaml`).
 * @param fileName only for messages
 * @throws PolicyError with every problem of the file at once
 */
export function loadPolicy(text: string, fileName: string, options: LoadOptions = {}): Policy {
  return new Policy(loadRules(text, fileName, options));
}

/** The rules themselves. @throws PolicyError as loadPolicy */
export function loadRules(text: string, fileName: string, options: LoadOptions = {}): Rule[] {
  const reader = new YamlReader(text);
  const { rolesClaim = 'roles' } = options;
  const rules = reader.root === undefined ? [] : readFile(reader, reader.root, rolesClaim);
  if (reader.problems.length > 0) throw new PolicyError(fileName, reader.problems);
  return rules;
}

function readFile(reader: YamlReader, root: Located, rolesClaim: string): Rule[] {
  const fields = reader.fields(root, 'an access file', ['version', 'rules']);
  if (fields === undefined) return [];
  const version = fields.get('version');
  if (!fields.has('version')) reader.report(root, '"version: 1" is missing');
  else if (version !== undefined && reader.scalar(version, 'version') !== 1)
    reader.report(version, 'this relay reads "version: 1" only');
  const rules = fields.get('rules');
  if (!fields.has('rules')) {
    reader.report(root, '"rules:" is missing (write "rules: []" to allow only everybody\'s own /user/…)');
  }
  const items = (rules && reader.items(rules, 'rules')) ?? [];
  return items.flatMap((node) => readRule(reader, node, rolesClaim) ?? []);
}

function readRule(reader: YamlReader, node: Located, rolesClaim: string): Rule | undefined {
  const fields = reader.fields(node, 'a rule', RULE_KEYS);
  if (fields === undefined) return undefined;
  const [name, when, roles, headers] = ['name', 'when', 'roles', 'headers'].map((key) => fields.get(key));
  const denies = readDeny(reader, fields.get('deny'));
  if (denies && headers !== undefined)
    reader.report(headers, 'a rule that denies grants no headers: remove them');
  const destinations = fields.has('subscribe') || fields.has('send');
  if (!destinations && !fields.has('manage')) {
    reader.report(
      node,
      'this rule says nothing: give it "subscribe" or "send" with destination patterns, or "manage"',
    );
  } else if (!destinations && !denies && headers !== undefined) {
    reader.report(headers, 'headers go with destinations: add "subscribe" or "send", or remove them');
  }
  const subscribe = readPatterns(reader, fields.get('subscribe'), 'subscribe');
  return {
    ...reader.placeOf(node),
    name: name === undefined ? undefined : reader.text(name, 'name'),
    deny: denies,
    when: [
      ...(when === undefined ? [] : readConditions(reader, when)),
      ...(roles === undefined ? [] : readRoles(reader, roles, rolesClaim)),
    ],
    subscribe,
    send: readPatterns(reader, fields.get('send'), 'send'),
    manage: readManage(reader, fields.get('manage')),
    headers: headers === undefined ? NO_HEADERS : readHeaders(reader, headers),
    slow: readSlow(reader, fields.get('slow'), { denies, subscribes: fields.has('subscribe'), subscribe }),
  };
}

function readDeny(reader: YamlReader, node: Located | undefined): boolean {
  if (node === undefined) return false;
  const flag = reader.flag(node, 'deny');
  if (flag === false) reader.report(node, 'a rule allows unless it says "deny: true": remove this');
  return flag === true;
}

function readPatterns(reader: YamlReader, node: Located | undefined, action: Action): PlacedPattern[] {
  if (node === undefined) return [];
  const items = reader.oneOrMore(node, action);
  if (items.length === 0) reader.report(node, `"${action}" has no patterns: write some or remove it`);
  return items.flatMap((item) => {
    const text = reader.text(item, 'a destination pattern');
    if (text === undefined) return [];
    try {
      return [{ ...parsePattern(text, action), ...reader.placeOf(item) }];
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      reader.report(item, error.message);
      return [];
    }
  });
}

function readManage(reader: YamlReader, node: Located | undefined): Manageable[] {
  if (node === undefined) return [];
  const known: readonly string[] = MANAGEABLE;
  const items = reader.oneOrMore(node, 'manage');
  if (items.length === 0) reader.report(node, '"manage" has no names: write some or remove it');
  return items.flatMap((item) => {
    const name = reader.text(item, 'what may be managed');
    if (name === undefined) return [];
    if (known.includes(name)) return [name as Manageable];
    reader.report(
      item,
      `${JSON.stringify(name)} is nothing that a rule can let somebody manage (${known.join(', ')})${suggest(name, known)}`,
    );
    return [];
  });
}
