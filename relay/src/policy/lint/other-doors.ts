import { isDeepStrictEqual } from 'node:util';
import { covers, everySegment, overlaps } from '../topic-match.js';
import {
  type Entry,
  fixedSegments,
  isForAll,
  looseSegments,
  type Warning,
  warn,
  whichRule,
} from './shape.js';

/** Rules that deny something of which an allowing rule leaves another door open: both lead to the same messages. */
export function findOtherDoors(entries: readonly Entry[]): Warning[] {
  return entries.flatMap((denied) => {
    if (!denied.rule.deny) return [];
    const words = keyOf(denied, looseSegments);
    if (words === undefined) return [];
    const door = entries.find(
      (entry) => isOtherDoor(entry, denied, words) && !entries.some((other) => shuts(other, entry, denied)),
    );
    if (!door) return [];
    return [
      warn(
        denied,
        `"${denied.pattern.text}" denies what "${door.pattern.text}" in ${whichRule(door)} allows: the two lead to the same messages; deny both`,
      ),
    ];
  });
}

function isOtherDoor({ rule, action, pattern }: Entry, denied: Entry, words: readonly string[]): boolean {
  if (rule.deny || action !== denied.action || pattern.kind === denied.pattern.kind) return false;
  const other = keyOf({ rule, action, pattern }, looseSegments);
  return (
    other !== undefined && spaceOf(pattern.kind) === spaceOf(denied.pattern.kind) && overlaps(other, words)
  );
}

/** Whether a rule denies, at least to those whom `denied` is for, what `door` allows and `denied` denies. */
function shuts(other: Entry, door: Entry, denied: Entry): boolean {
  if (!other.rule.deny || other.action !== door.action || other.pattern.kind !== door.pattern.kind)
    return false;
  if (!isForAll(other.rule) && !isDeepStrictEqual(other.rule.when, denied.rule.when)) return false;
  if (everySegment(covers, fixedSegments(other.pattern), fixedSegments(door.pattern))) return true;
  const [shut, words] = [keyOf(other, fixedSegments), keyOf(denied, fixedSegments)];
  return shut !== undefined && words !== undefined && covers(shut, words);
}

/** The routing key words, or the queue's name, by which the two doors meet; undefined for what has only one. */
function keyOf({ pattern }: Entry, segmentsOf: typeof looseSegments): readonly string[] | undefined {
  const [first = [], second = []] = segmentsOf(pattern);
  switch (pattern.kind) {
    case 'topic':
    case 'queue':
    case 'amq-queue':
      return first;
    case 'exchange':
      // RabbitMQ's STOMP plugin makes /topic/x of exchange amq.topic and key x.
      return overlaps(first, ['amq', 'topic']) ? second : undefined;
    default:
      return undefined;
  }
}

function spaceOf(kind: Entry['pattern']['kind']): 'topics' | 'queues' {
  return kind === 'topic' || kind === 'exchange' ? 'topics' : 'queues';
}
