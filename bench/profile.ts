import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What of a V8 CPU profile is looked at. Times are microseconds. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** Id of the node that ran at each sample, and the time since the one before. */
  samples: number[];
  timeDeltas: number[];
}

/** A function, and its share of the time that was not idle, 0 to 1, without what it called. */
export interface SelfTime {
  where: string;
  share: number;
}

export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const where = names.get(id) ?? '';
    if (where === '(idle)') continue;
    const time = timeDeltas[index] ?? 0;
    busy += time;
    times.set(where, (times.get(where) ?? 0) + time);
  }
  return [...times]
    .map(([where, time]) => ({ where, share: time / Math.max(1, busy) }))
    .sort((a, b) => b.share - a.share);
}

/** The functions on which most of the time was spent, as a Markdown table. */
export function renderSelfTimes(times: readonly SelfTime[], most = 25): string {
  const lines = times
    .slice(0, most)
    .map(({ where, share }) => `| ${where} | ${(share * 100).toFixed(1)} % |`);
  return ['| function of the relay | own time |', '|---|---:|', ...lines].join('\n');
}

/** The tables of all profiles in a folder. */
export async function renderProfiles(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
  const tables = files.map(async (name) => {
    const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile;
    return `${name}\n\n${renderSelfTimes(selfTimes(profile))}`;
  });
  return (await Promise.all(tables)).join('\n\n');
}

/** Such as `flush relay/src/transport/websocket.js:98`; what is not JavaScript has only a name. */
function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName || '(anonymous)';
  if (url === '') return name;
  return `${name} ${url.replace(/^.*\/(node_modules|dist)\//, '')}:${lineNumber + 1}`;
}
