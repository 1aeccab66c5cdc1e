import { describeValues } from '../header-grants.js';
import type { PatternWord } from '../pattern.js';
import type { Rule } from '../rule.js';
import { type Entry, isForAll, type Warning, warn } from './shape.js';

/** What stands wide open to everybody who is signed in. */
export function findOpenDoors(entries: readonly Entry[]): Warning[] {
  return entries.flatMap((entry) => {
    const { rule, action, pattern } = entry;
    if (rule.deny || !isForAll(rule)) return [];
    const what = openness(entry);
    if (what === undefined) return [];
    const verb = action === 'send' ? 'send to' : 'subscribe to';
    return [
      warn(
        entry,
        `"${pattern.text}" lets everybody who is signed in ${verb} ${what}: add "roles" or "when", or name less`,
      ),
    ];
  });
}

/** Rules that let everybody leave queues behind, choose their names, or manage something. */
export function findOpenRules(rules: readonly Rule[]): Warning[] {
  return rules.flatMap((rule) => {
    if (rule.deny || !isForAll(rule)) return [];
    const { line, column, headers, manage } = rule;
    const warnings: Warning[] = [];
    if (headers.has('x-queue-name') && describeValues(headers.get('x-queue-name') ?? []) === 'any value') {
      warnings.push({
        line,
        column,
        message:
          'this lets everybody choose the names of queues, and so read from others\' that are named alike: add "roles" or "when", or list the names',
      });
    }
    // Also beside x-expires: a client may leave that out.
    if (headers.has('durable')) {
      warnings.push({
        line,
        column,
        message:
          'this lets everybody make durable queues, which stay at the broker and fill up when nobody comes back: add "roles" or "when", or set a policy with "expires" at the broker',
      });
    }
    if (manage.length > 0) {
      warnings.push({
        line,
        column,
        message: `this lets everybody who is signed in manage ${manage.join(', ')}: add "roles" or "when"`,
      });
    }
    return warnings;
  });
}

function openness({ pattern: { kind, segments } }: Entry): string | undefined {
  const [first = [], second = []] = segments;
  switch (kind) {
    case 'topic':
      return isWide(first) ? 'every topic' : undefined;
    case 'queue':
    case 'amq-queue':
      return isWide(first) ? 'every queue of the broker that is not the relay’s' : undefined;
    case 'reply-queue':
      return isWide(first) ? 'every reply queue whose name they get to know' : undefined;
    case 'user':
      return first[0] === '*' && isWide(second) ? 'everything of every user' : undefined;
    case 'exchange':
      if (isWide(first)) return 'every exchange of the broker that is not the relay’s';
      return isWide(second) ? 'all of an exchange' : undefined;
    default:
      return undefined;
  }
}

function isWide(words: readonly PatternWord[]): boolean {
  return words.length > 0 && words.every((word) => word === '*' || word === '#');
}
