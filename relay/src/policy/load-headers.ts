import { isMap } from 'yaml';
import {
  type AllowedValues,
  GRANTABLE_HEADERS,
  type HeaderGrants,
  NUMERIC_HEADERS,
} from './header-grants.js';
import { suggest } from './suggest.js';
import type { Located, YamlReader } from './yaml-reader.js';

const KNOWN: readonly string[] = GRANTABLE_HEADERS;

/** Reads `headers:` of a rule: a name, a mapping from names to what their values may be, or a list of such. */
export function readHeaders(reader: YamlReader, node: Located): HeaderGrants {
  const grants = new Map<string, AllowedValues[]>();
  for (const item of reader.oneOrMore(node, 'headers')) {
    for (const [name, value, at] of namesOf(reader, item)) {
      if (!KNOWN.includes(name)) {
        reader.report(
          at,
          `${JSON.stringify(name)} is no header that a rule can grant (${KNOWN.join(', ')})${suggest(name, KNOWN)}`,
        );
        continue;
      }
      const allowed = value === 'any' ? ({ kind: 'any' } as const) : readValues(reader, name, value);
      if (allowed !== undefined) grants.set(name, [...(grants.get(name) ?? []), allowed]);
    }
  }
  return grants;
}

function namesOf(reader: YamlReader, item: Located): [string, Located | 'any', Located][] {
  if (!isMap(item)) {
    const name = reader.text(item, 'a header name');
    return name === undefined ? [] : [[name, 'any', item]];
  }
  return (reader.entries(item, 'headers') ?? []).flatMap(([name, value, at]) =>
    value === undefined ? [] : [[name, value, at]],
  );
}

function readValues(reader: YamlReader, name: string, node: Located): AllowedValues | undefined {
  if (isMap(node)) return readRange(reader, name, node);
  const items = reader.oneOrMore(node, `the values of ${name}`);
  if (items.length === 0)
    reader.report(node, `${name} may have no value at all here: list some or remove the header`);
  const values = items.flatMap((item) => {
    const value = reader.scalar(item, `a value of ${name}`);
    // STOMP headers are text: what the file has as the number 5 or as true is "5" or "true" in the frame.
    return value === undefined ? [] : [String(value)];
  });
  return { kind: 'one-of', values };
}

function readRange(reader: YamlReader, name: string, node: Located): AllowedValues | undefined {
  if (!NUMERIC_HEADERS.includes(name)) {
    reader.report(
      node,
      `${name} takes no number: list the values that it may have (bounds are for ${NUMERIC_HEADERS.join(', ')})`,
    );
    return undefined;
  }
  const fields = reader.fields(node, `the bounds of ${name}`, ['min', 'max']);
  if (fields === undefined) return undefined;
  const [min, max] = (['min', 'max'] as const).map((key) => {
    const bound = fields.get(key);
    return bound === undefined ? undefined : readBound(reader, `${key} of ${name}`, bound);
  });
  if (isMap(node) && node.items.length === 0) {
    reader.report(node, `${name} has no bounds: write {max: …}, {min: …, max: …}, or only the header's name`);
  } else if (min !== undefined && max !== undefined && min > max) {
    reader.report(node, `no value of ${name} is at least ${min} and at most ${max}: swap them`);
  }
  return { kind: 'range', min: min ?? 0, max: max ?? Number.MAX_SAFE_INTEGER };
}

function readBound(reader: YamlReader, what: string, node: Located): number | undefined {
  const value = reader.scalar(node, what);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  reader.report(node, `${what} must be a whole number, 0 or more`);
  return undefined;
}
