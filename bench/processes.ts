import { readdirSync, readFileSync } from 'node:fs';

/** Kernel's units of processor time in a second, on every Linux that Node runs on. */
const TICKS = 100;

/** Fields of /proc/<pid>/stat from the third on, what stands before being free text; undefined once it has ended. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** A process, its children and theirs. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const withChildren = (one: number): number[] => [one, ...(children.get(one) ?? []).flatMap(withChildren)];
  return withChildren(pid);
}

/** Processor time that a process has used, by itself and by the kernel for it. */
export function processorSeconds(pid: number): number {
  const fields = statOf(pid) ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}

export function residentBytes(pid: number): number {
  try {
    const [, kib = 0] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  } catch {
    return 0;
  }
}
