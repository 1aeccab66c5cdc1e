import { isMap } from 'yaml';
import type { Condition, Scalar } from './claims.js';
import type { Rule } from './rule.js';
import type { Located, YamlReader } from './yaml-reader.js';

/** Reads `when:` of a rule. */
export function readConditions(reader: YamlReader, node: Located): Rule['when'] {
  const conditions = (reader.entries(node, 'when') ?? []).flatMap(([claim, value]) => {
    const condition = value && readCondition(reader, value);
    return condition === undefined ? [] : [{ claim, condition }];
  });
  if (isMap(node) && node.items.length === 0) {
    reader.report(node, '"when" has no conditions: write some ("plan: pro") or remove it');
  }
  return conditions;
}

/** Reads `roles:` of a rule: a condition on the claim that carries them. */
export function readRoles(reader: YamlReader, node: Located, claim: string): Rule['when'] {
  const items = reader.oneOrMore(node, 'roles');
  if (items.length === 0) reader.report(node, '"roles" has no names: write some or remove it');
  const values = items.flatMap((item) => reader.text(item, 'a role') ?? []);
  return [{ claim, condition: { kind: 'any-of', values } }];
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
