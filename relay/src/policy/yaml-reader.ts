import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { PolicyProblem } from './errors.js';
import { suggest } from './suggest.js';

/** A piece of the file: where to point when something is wrong with it. */
export type Located = Node;

/** Reads a YAML document piece by piece and collects every problem with its place, instead of stopping at the first. */
export class YamlReader {
  readonly problems: PolicyProblem[] = [];
  /** The top of the document; undefined when it is empty or no YAML (then `problems` says why). */
  readonly root: Located | undefined;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
    });
    let syntax = false;
    for (const error of [...document.errors, ...document.warnings]) {
      // After the first syntax error the parser is out of step and what it says next only confuses.
      if (error.code !== 'DUPLICATE_KEY' && syntax) continue;
      syntax ||= error.code !== 'DUPLICATE_KEY';
      this.#reportAt(error.pos[0], explain(error, lineAt(text, error.pos[0])));
    }
    if (syntax) return;
    if (document.contents === null)
      this.#reportAt(0, 'the file is empty: begin with "version: 1" and "rules:"');
    this.root = document.contents ?? undefined;
  }

  report(node: Located, message: string): void {
    this.#reportAt(node.range?.[0] ?? 0, message);
  }

  placeOf(node: Located): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(node.range?.[0] ?? 0);
    return { line, column: col };
  }

  /** The values of a mapping by key; unknown keys are reported and left out, a key without a value is reported and undefined. */
  fields(
    node: Located,
    what: string,
    known: readonly string[],
  ): Map<string, Located | undefined> | undefined {
    const entries = this.entries(node, what);
    if (entries === undefined) return undefined;
    const fields = new Map<string, Located | undefined>();
    for (const [key, value, at] of entries) {
      if (known.includes(key)) fields.set(key, value);
      else
        this.report(
          at,
          `${what} has no key ${JSON.stringify(key)} (known: ${known.join(', ')})${suggest(key, known)}`,
        );
    }
    return fields;
  }

  /** The entries of a mapping: key, value (undefined and reported when there is none) and where the key stands. */
  entries(node: Located, what: string): [string, Located | undefined, Located][] | undefined {
    if (!isMap(node)) {
      this.#wrongType(node, `${what} must be a mapping (key: value)`);
      return undefined;
    }
    return node.items.flatMap((pair) => {
      const entry = this.#entry(pair as Pair<Node, Node | null>, what);
      return entry === undefined ? [] : [entry];
    });
  }

  /** The items of a list; empty items are reported and left out. */
  items(node: Located, what: string): Located[] | undefined {
    if (!isSeq(node)) {
      this.#wrongType(node, `${what} must be a list (lines that begin with "- ")`);
      return undefined;
    }
    return (node.items as Node[]).filter((item) => {
      if (!isScalar(item) || item.value !== null) return true;
      this.report(item, `${what} has an empty item: fill it in or remove it`);
      return false;
    });
  }

  /** One item, or each item of a list. */
  oneOrMore(node: Located, what: string): Located[] {
    return isSeq(node) ? (this.items(node, what) ?? []) : [node];
  }

  /** A string, a number or true/false, as YAML 1.2 reads it. */
  scalar(node: Located, what: string): string | number | boolean | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    this.#wrongType(node, `${what} must be a string, a number, true or false`);
    return undefined;
  }

  text(node: Located, what: string): string | undefined {
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    this.#wrongType(node, `${what} must be a string`);
    return undefined;
  }

  flag(node: Located, what: string): boolean | undefined {
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    this.#wrongType(node, `${what} must be true or false`);
    return undefined;
  }

  #entry(pair: Pair<Node, Node | null>, what: string): [string, Located | undefined, Located] | undefined {
    const { key, value } = pair;
    if (!isScalar(key) || typeof key.value !== 'string') {
      this.report(key, `${what} has a key that is no string: put it in quotes`);
      return undefined;
    }
    if (value !== null && !(isScalar(value) && value.value === null)) return [key.value, value, key];
    this.report(key, `"${key.value}" has no value: fill it in or remove it`);
    return [key.value, undefined, key];
  }

  #wrongType(node: Located, message: string): void {
    this.report(
      node,
      isAlias(node)
        ? 'anchors and aliases are not supported: write the value out'
        : `${message}, not ${typeName(node)}`,
    );
  }

  #reportAt(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ line: Math.max(line, 1), column: Math.max(col, 1), message });
  }
}

function typeName(node: Located): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isScalar(node) && typeof node.value === 'string') return 'a string';
  return isScalar(node) && node.value !== null ? `the ${typeof node.value} ${String(node.value)}` : 'nothing';
}

function explain(error: YAMLError, line: string): string {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return 'this key is there twice: merge the two';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here: write all rules under one "rules:"';
    default:
      // In [a, b] a plain scalar ends at a brace, and YAML's own message does not lead there.
      return /\[[^\]]*\{/.test(line)
        ? `${error.message}: inside [ ] put patterns with {placeholders} in quotes, or write one pattern per line`
        : `not YAML here: ${error.message}`;
  }
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? undefined : end);
}
