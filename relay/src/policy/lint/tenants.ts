import type { PatternWord } from '../pattern.js';
import { overlaps } from '../topic-match.js';
import {
  type Entry,
  isForAll,
  type LintOptions,
  looseSegments,
  type Warning,
  warn,
  whichRule,
} from './shape.js';

/** Where in a pattern the tenant's word stands. */
interface Spot {
  readonly segment: number;
  readonly word: number;
}

/** Patterns for everybody that reach over the line which another pattern draws between tenants. */
export function findTenantLeaks(entries: readonly Entry[], { tenantClaim }: LintOptions): Warning[] {
  const apart = entries.flatMap((entry) => {
    const spot = spotOf(entry, tenantClaim);
    return entry.rule.deny || spot === undefined ? [] : [{ entry, spot }];
  });
  return entries.flatMap((entry) => {
    if (entry.rule.deny || !isForAll(entry.rule)) return [];
    const crossed = apart.find((other) => crosses(entry, other.entry, other.spot));
    if (!crossed) return [];
    const there = `${whichRule(crossed.entry)} keeps apart by {${tenantClaim}}`;
    return [
      warn(
        entry,
        `"${entry.pattern.text}" lets everybody into what ${there}: write the placeholder here too`,
      ),
    ];
  });
}

function spotOf({ pattern }: Entry, claim: string): Spot | undefined {
  for (const [segment, words] of pattern.segments.entries()) {
    const word = words.findIndex((each) => typeof each !== 'string' && each.claim === claim);
    if (word >= 0) return { segment, word };
  }
  return undefined;
}

function crosses(entry: Entry, kept: Entry, { segment, word }: Spot): boolean {
  if (entry === kept || entry.pattern.kind !== kept.pattern.kind) return false;
  const before = entry.pattern.segments[segment]?.slice(0, word + 1) ?? [];
  const at = wildcardOr(before, word);
  if (at === undefined || typeof at !== 'string') return false;
  // A literal at the very beginning is a room of its own (/topic/public.# beside /topic/{tenant}.#), no tenant.
  if (word === 0 && at !== '*' && at !== '#') return false;
  const [a, b] = [looseSegments(entry.pattern), looseSegments(kept.pattern)];
  return a.every((words, i) => overlaps(words, b[i] ?? []));
}

/** The word that stands where the tenant would, or the `#` that swallows the place. */
function wildcardOr(words: readonly PatternWord[], at: number): PatternWord | undefined {
  return words.includes('#') ? '#' : words[at];
}
