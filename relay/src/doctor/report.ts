import type { Level } from './codes.js';
import type { Finding, Measured, Told, Unchecked } from './finding.js';
import type { Result } from './run.js';

const LEVELS: readonly Level[] = ['error', 'warning', 'note'];
const DAMAGING = /[\p{Cc}\p{Cf}]/gu;

/** What all checks have said, by kind; errors first, otherwise in the order of the checks. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly unchecked: readonly Unchecked[];
  readonly measured: readonly Measured[];
  readonly counts: Readonly<Record<Level, number>>;
}

export function reportOf(results: readonly Result[]): Report {
  const told = results.flatMap((result) => result.told);
  const of = <K extends Told['kind']>(kind: K) =>
    told.filter((one): one is Extract<Told, { kind: K }> => one.kind === kind);
  const findings = withoutEchoes(results).sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { level } of findings) counts[level]++;
  return { findings, unchecked: of('unchecked'), measured: of('measured'), counts };
}

/** What two checks come upon, each from its side, is told once. */
function withoutEchoes(results: readonly Result[]): Finding[] {
  const tellers = new Map<string, string>();
  return results.flatMap(({ check, told }) =>
    told.filter((one): one is Finding => {
      if (one.kind !== 'finding') return false;
      const key = `${one.code} ${one.fix}`;
      if (!tellers.has(key)) tellers.set(key, check);
      return tellers.get(key) === check;
    }),
  );
}

/** For people. Names and words of the broker's are shown without what could lead a terminal astray. */
export function reportText({ findings, unchecked, measured, counts }: Report): string {
  const lines: string[] = [];
  for (const { what, value } of measured) lines.push(`${what}: ${value}`);
  lines.push('');
  for (const { level, code, what, why, fix } of findings) {
    lines.push(`${level.padEnd(8)} ${code}`, `  what  ${what}`, `  why   ${why}`, `  fix   ${fix}`, '');
  }
  for (const [reason, things] of grouped(unchecked))
    lines.push(`not checked: ${things.join(', ')} – ${reason}`);
  if (unchecked.length > 0) lines.push('');
  lines.push(summary(counts));
  return lines.map((line) => line.replace(DAMAGING, '\uFFFD')).join('\n');
}

function grouped(unchecked: readonly Unchecked[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { what, reason } of unchecked) groups.set(reason, [...(groups.get(reason) ?? []), what]);
  return groups;
}

function summary(counts: Report['counts']): string {
  const plural = (level: Level) => `${counts[level]} ${level}${counts[level] === 1 ? '' : 's'}`;
  return LEVELS.map(plural).join(', ');
}
