import { type Context, pause } from '../context.js';
import type { StormApi } from '../load/storm.js';
import type { RelayProcess } from '../relay-process.js';
import type { Row } from '../rows.js';
import { Worker } from '../rpc.js';
import { summarize } from '../statistics.js';

const MIB = 1024 * 1024;
const SAMPLE_SECONDS = 0.1;
const HELD_SECONDS = 3;

/** When the clients of a relay that was killed come back: in the same instant, or as PROTOCOL.md advises. */
const STORMS = [
  { id: 'at-once', label: 'all at once', spread: 0 },
  { id: 'spread', label: 'spread over 0.5 s', spread: 500 },
] as const;

/** A relay with all its clients is killed and started again on its port, and they all come back: is anybody refused or cut? */
export async function storm(context: Context): Promise<Row[]> {
  const { clients } = context.sizes.storm;
  const worker = new Worker<StormApi>(new URL('../load/storm.js', import.meta.url));
  let { process: relay, side } = await context.freshRelay();
  const RELAY_PORT = new URL(relay.url).port;
  const plans = await side.users(clients);
  const rows: Row[] = [];
  try {
    await worker.call('storm', { plans, spread: 10_000 }, 180);
    for (const { id, label, spread } of STORMS) {
      await relay.kill();
      ({ process: relay } = await context.freshRelay({ RELAY_PORT }));
      const watch = watchMemory(relay);
      const { seconds, failures } = await worker.call('storm', { plans, spread }, 180);
      // Whoever is cut as late as that was let in in vain.
      await pause(HELD_SECONDS);
      const lost = await worker.call('lost', null);
      if (lost > 0) failures['cut afterwards'] = lost;
      const most = await watch();
      const cpu = relay.cpuSeconds();
      const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
      context.log(
        `storm: ${label}: ${seconds.toFixed(1)} s, of which the relay used a core for ${cpu.toFixed(1)} s; ` +
          `${failed} failures ${failed > 0 ? JSON.stringify(failures) : ''}`,
      );
      const all = `${clients.toLocaleString('en-US')} clients come back ${label}`;
      const head = { unit: 's', digits: 1, details: { failures, cpu } };
      rows.push({
        ...{ id: `storm-${id}`, label: `${all}: the last is subscribed`, ...head },
        ...{ relay: summarize([seconds]), goal: 'no failure', met: failed === 0 },
      });
      const memory = { id: `storm-${id}-memory`, label: `${all}: relay memory at most` };
      rows.push({ ...memory, unit: 'MiB', digits: 0, relay: summarize([most / MIB]) });
    }
    return rows;
  } finally {
    await worker.stop();
    await relay.stop();
  }
}

/** @returns a function that ends it and gives the most that was seen */
function watchMemory(relay: RelayProcess): () => Promise<number> {
  let watching = true;
  let most = 0;
  const sampling = (async () => {
    while (watching) {
      most = Math.max(most, relay.memory());
      await pause(SAMPLE_SECONDS);
    }
  })();
  return async () => {
    watching = false;
    await sampling;
    return most;
  };
}
