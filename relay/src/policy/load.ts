import { isMap } from 'yaml';
import type { Action } from '../destination.js';
import type { Condition, Scalar } from './claims.js';
import { PolicyError } from './errors.js';
import { type Pattern, PatternError, parsePattern } from './pattern.js';
import { Policy, type Rule } from './policy.js';
import { suggest } from './suggest.js';
import { type Located, YamlReader } from './yaml-reader.js';

/**
 * The headers of SUBSCRIBE and SEND with which RabbitMQ's STOMP plugin lets a client shape the queue behind a destination.
 * They reach the broker only where a rule grants them.
 */
export const GRANTABLE_HEADERS = [
  'durable',
  'auto-delete',
  'exclusive',
  'x-queue-name',
  'x-queue-type',
  'x-expires',
  'x-message-ttl',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-overflow',
  'x-single-active-consumer',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-stream-offset',
] as const;

const RULE_KEYS = ['name', 'when', 'subscribe', 'send', 'headers', 'deny'];

/**
 * Reads an access file (YAML 1.2; the format is explained in `access.example.yaml`).
 * @param fileName only for messages
 * @throws PolicyError with every problem of the file at once
 */
export function loadPolicy(text: string, fileName: string): Policy {
  const reader = new YamlReader(text);
  const rules = reader.root === undefined ? [] : readFile(reader, reader.root);
  if (reader.problems.length > 0) throw new PolicyError(fileName, reader.problems);
  return new Policy(rules);
}

function readFile(reader: YamlReader, root: Located): Rule[] {
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
  return ((rules && reader.items(rules, 'rules')) ?? []).flatMap((node) => readRule(reader, node) ?? []);
}

function readRule(reader: YamlReader, node: Located): Rule | undefined {
  const fields = reader.fields(node, 'a rule', RULE_KEYS);
  if (fields === undefined) return undefined;
  const [name, when, headers, deny] = ['name', 'when', 'headers', 'deny'].map((key) => fields.get(key));
  const flag = deny === undefined ? undefined : reader.flag(deny, 'deny');
  const denies = flag === true;
  if (deny !== undefined && flag === false) {
    reader.report(deny, 'a rule allows unless it says "deny: true": remove this');
  }
  if (denies && headers !== undefined)
    reader.report(headers, 'a rule that denies grants no headers: remove them');
  if (!fields.has('subscribe') && !fields.has('send')) {
    reader.report(node, 'this rule says nothing: give it "subscribe" or "send" with destination patterns');
  }
  return {
    line: reader.lineOf(node),
    name: name === undefined ? undefined : reader.text(name, 'name'),
    deny: denies,
    when: when === undefined ? [] : readConditions(reader, when),
    subscribe: readPatterns(reader, fields.get('subscribe'), 'subscribe'),
    send: readPatterns(reader, fields.get('send'), 'send'),
    headers: headers === undefined ? new Set() : readHeaders(reader, headers),
  };
}

function readPatterns(reader: YamlReader, node: Located | undefined, action: Action): Pattern[] {
  if (node === undefined) return [];
  const items = reader.oneOrMore(node, action);
  if (items.length === 0) reader.report(node, `"${action}" has no patterns: write some or remove it`);
  return items.flatMap((item) => {
    const text = reader.text(item, 'a destination pattern');
    if (text === undefined) return [];
    try {
      return [parsePattern(text, action)];
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      reader.report(item, error.message);
      return [];
    }
  });
}

function readHeaders(reader: YamlReader, node: Located): Set<string> {
  const known: readonly string[] = GRANTABLE_HEADERS;
  const headers = new Set<string>();
  for (const item of reader.oneOrMore(node, 'headers')) {
    const name = reader.text(item, 'a header name');
    if (name === undefined) continue;
    if (known.includes(name)) headers.add(name);
    else
      reader.report(
        item,
        `${JSON.stringify(name)} is no header that a rule can grant (${known.join(', ')})${suggest(name, known)}`,
      );
  }
  return headers;
}

function readConditions(reader: YamlReader, node: Located): Rule['when'] {
  const conditions = (reader.entries(node, 'when') ?? []).flatMap(([claim, value]) => {
    const condition = value && readCondition(reader, value);
    return condition === undefined ? [] : [{ claim, condition }];
  });
  if (isMap(node) && node.items.length === 0) {
    reader.report(node, '"when" has no conditions: write some ("role: admin") or remove it');
  }
  return conditions;
}

function readCondition(reader: YamlReader, node: Located, negated = false): Condition | undefined {
  if (isMap(node)) {
    const fields = reader.fields(node, 'a condition', negated ? ['exists'] : ['exists', 'not']);
    if (fields === undefined) return undefined;
    if (fields.size !== 1) {
      reader.report(
        node,
        `a condition is a value, a list of values, {exists: true}${negated ? '' : ' or {not: …}'}`,
      );
      return undefined;
    }
    const [exists, not] = [fields.get('exists'), fields.get('not')];
    if (exists !== undefined) {
      const expected = reader.flag(exists, 'exists');
      return expected === undefined ? undefined : { kind: 'exists', expected };
    }
    const inner = not === undefined ? undefined : readCondition(reader, not, true);
    return inner === undefined ? undefined : { kind: 'not', condition: inner };
  }
  const items = reader.oneOrMore(node, 'a condition');
  if (items.length === 0)
    reader.report(node, 'this condition can never hold: list the values that the claim may have');
  const values = items.map((item) => reader.scalar(item, 'the value of a claim'));
  return { kind: 'any-of', values: values.filter((value): value is Scalar => value !== undefined) };
}
