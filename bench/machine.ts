import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export interface Machine {
  /** `busyBefore`: share of the cores that others used before the run, 0 to 1. */
  facts: Record<string, string | number>;
  line: string;
}

/** What a reader must know to compare figures. */
export function describeMachine(broker: { version: string; erlang: string } | undefined): Machine {
  const cores = cpus();
  const facts = {
    cores: cores.length,
    processor: cores[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    rabbitmq: broker?.version ?? 'unknown',
    erlang: broker?.erlang ?? 'unknown',
    openFiles: openFileLimit(),
  };
  const parts = [
    `${facts.cores} cores (${facts.processor})`,
    `${facts.memoryGiB} GiB`,
    `Node ${facts.node}`,
    ...(broker ? [`RabbitMQ ${broker.version} on Erlang ${broker.erlang}`] : []),
    `${facts.openFiles} open files`,
  ];
  const line = parts.join(', ');
  return { facts, line };
}

/** Soft limit of open files per process; where it cannot be read, a careful guess. */
export function openFileLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? 1_000_000 : Number(soft ?? 1024);
  } catch {
    return 1024;
  }
}

/** With few cores a second generator would only take from the servers. */
export function generatorProcesses(): number {
  return cpus().length >= 6 ? 2 : 1;
}

/** Share of all cores, 0 to 1, that is in use during `seconds`; asked before the run has started anything. */
export async function busyShare(seconds: number): Promise<number> {
  const count = () => {
    const times = cpus().map((core) => core.times);
    const idle = times.reduce((sum, time) => sum + time.idle, 0);
    return { idle, all: times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.irq + t.idle, 0) };
  };
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = count();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}
