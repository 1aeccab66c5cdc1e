import type { Management } from '../../bench/management.js';

/** What a relay says of itself at /metrics. */
export interface RelayFigures {
  sessions: number;
  routes: number;
  feeds: number;
  /** Names of shared links that are down. */
  down: string[];
  heapBytes: number;
  residentBytes: number;
  framesIn: number;
}

/** @throws Error when the relay does not answer in time. */
export async function relayFigures(url: string): Promise<RelayFigures> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(20_000) });
  const text = await response.text();
  const samples = [...text.matchAll(/^([a-z_]+)(?:\{([^}]*)\})? ([0-9.e+-]+)$/gm)];
  const sum = (name: string) =>
    samples.reduce((total, [, key, , value]) => (key === name ? total + Number(value) : total), 0);
  return {
    sessions: sum('relay_sessions'),
    routes: sum('relay_user_routes'),
    feeds: sum('relay_topic_feeds'),
    down: samples.flatMap(([, key, labels = '', value]) =>
      key === 'relay_link_up' && value === '0' ? [labels] : [],
    ),
    heapBytes: sum('nodejs_heap_size_used_bytes'),
    residentBytes: sum('process_resident_memory_bytes'),
    framesIn: sum('relay_frames_in_total'),
  };
}

/** What there is at the broker, by name. */
export interface BrokerState {
  /** The relay's own connections; a link that was made anew has another name. */
  shared: string[];
  /** Connections of private links. */
  privateLinks: number;
  queues: string[];
}

export async function brokerState(management: Management, privateUser: string): Promise<BrokerState> {
  const connections = await management.list<{ name: string; user: string }>('connections', ['name', 'user']);
  const queues = await management.list<{ name: string }>('queues', ['name']);
  return {
    shared: connections.flatMap(({ name, user }) => (user === privateUser ? [] : [name])).sort(),
    privateLinks: connections.filter(({ user }) => user === privateUser).length,
    queues: queues.map(({ name }) => name).sort(),
  };
}

/** Lines of the relay's log that tell of trouble, from what it prints piece by piece. */
export class LogReader {
  readonly troubles: string[] = [];
  /** How often each message of level warn came. */
  readonly warnings: Record<string, number> = {};
  private rest = '';

  read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.look(line);
  }

  private look(line: string): void {
    const entry = parse(line);
    const tame = entry !== undefined && entry.level < 50 && !/lost|reset|left to/.test(entry.msg);
    if (tame) this.warnings[entry.msg] = (this.warnings[entry.msg] ?? 0) + 1;
    else if (this.troubles.length < 20) this.troubles.push(line.slice(0, 1000));
  }
}

function parse(line: string): { level: number; msg: string } | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level: number; msg: unknown };
    return { level, msg: String(msg) };
  } catch {
    return undefined;
  }
}
