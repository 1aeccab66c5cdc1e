import { isMap } from 'yaml';
import type { PlacedPattern } from './rule.js';
import { DEFAULT_MOST, SLOW_POLICIES, type Slow } from './slow.js';
import { suggest } from './suggest.js';
import type { Located, YamlReader } from './yaml-reader.js';

/** Of more than this `RELAY_MAX_QUEUED_BYTES` would take care. */
const MOST = 1_000_000;
const KNOWN: readonly string[] = SLOW_POLICIES;

/** What else the rule says, as far as it matters here. */
interface Around {
  readonly denies: boolean;
  /** Whether it has a `subscribe`, readable or not. */
  readonly subscribes: boolean;
  readonly subscribe: readonly PlacedPattern[];
}

/** Reads `slow:` of a rule: a policy, or `{drop-oldest: messages}`. */
export function readSlow(reader: YamlReader, node: Located | undefined, around: Around): Slow | undefined {
  if (node === undefined) return undefined;
  const { denies, subscribes, subscribe } = around;
  if (denies) reader.report(node, 'a rule that denies has nothing to drop: remove "slow"');
  else if (!subscribes) reader.report(node, '"slow" goes with "subscribe": add it, or remove "slow"');
  // All else promises that nothing is lost, and is slowed down instead.
  for (const { kind, text, line } of denies ? [] : subscribe) {
    if (kind === 'topic') continue;
    const problem = `"slow" is for /topic/… only: put ${JSON.stringify(text)} (line ${line}) into a rule without it`;
    reader.report(node, problem);
  }
  return isMap(node) ? readBounded(reader, node) : readPolicy(reader, node);
}

function readPolicy(reader: YamlReader, node: Located): Slow | undefined {
  const policy = reader.text(node, '"slow"');
  switch (policy) {
    case undefined:
      return undefined;
    case 'drop-oldest':
      return { policy, most: DEFAULT_MOST };
    case 'disconnect':
    case 'latest-only':
      return { policy };
  }
  reader.report(
    node,
    `${JSON.stringify(policy)} is nothing that "slow" can be (${KNOWN.join(', ')})${suggest(policy, KNOWN)}`,
  );
  return undefined;
}

function readBounded(reader: YamlReader, node: Located): Slow | undefined {
  const fields = reader.fields(node, '"slow"', ['drop-oldest']);
  const bound = fields?.get('drop-oldest');
  if (bound === undefined) return undefined;
  const most = reader.scalar(bound, 'drop-oldest');
  if (most === undefined) return undefined;
  if (typeof most === 'number' && Number.isInteger(most) && most >= 1 && most <= MOST) {
    return { policy: 'drop-oldest', most };
  }
  reader.report(bound, `drop-oldest takes how many messages may wait, from 1 to ${MOST}`);
  return undefined;
}
