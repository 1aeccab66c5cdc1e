import { alternate, brokerSize, type Context, leave, type PerSide } from '../context.js';
import type { ClientPlan } from '../load/stomp-client.js';
import type { Side, SideName } from '../sides.js';
import type { SaturatedSizes } from '../sizes.js';
import type { Run, RunResult } from '../swarm.js';
import { renderCounts } from '../table.js';

/** A measurement that drives each side as fast as it goes. */
export interface Saturated extends SaturatedSizes {
  name: string;
  plans(side: Side): Promise<ClientPlan[]>;
  run(side: Side): Pick<Run, 'exchange' | 'keys' | 'toAll'>;
}

export interface SaturatedResult {
  rates: PerSide<number>;
  details: Record<string, unknown>;
}

/**
 * Deliveries per second. Saturated means: as many messages are under way as suit the side best. How many that
 * is differs (a deep backlog slows RabbitMQ down, a shallow one leaves the relay idle), so each side first
 * tries all windows, which also warms it up, and keeps its best one.
 */
export async function measureSaturated(context: Context, plan: Saturated): Promise<SaturatedResult> {
  const before = await brokerSize(context);
  const windows: Record<SideName, number> = { direct: 0, relay: 0 };
  const trials: Record<SideName, Record<string, number>> = { direct: {}, relay: {} };
  const cpu: Record<SideName, number[]> = { direct: [], relay: [] };
  const spent: Record<SideName, object[]> = { direct: [], relay: [] };
  let duplicates = 0;

  const oneRun = async (side: Side, window: number, seconds: number): Promise<RunResult> => {
    const result = await context.swarm.run({ ...plan.run(side), seconds, window });
    duplicates += result.duplicates;
    return result;
  };

  const tryWindows = async (side: Side): Promise<void> => {
    let best = 0;
    for (const window of plan.windows) {
      const result = await oneRun(side, window, plan.trialSeconds);
      const rate = result.delivered / result.seconds;
      trials[side.name][window] = Math.round(rate);
      context.log(`${plan.name}: ${side.name}, warm-up, window ${window}: ${perSecond(rate)}`);
      if (rate > best) [best, windows[side.name]] = [rate, window];
    }
  };

  const rates = await alternate(context, plan.rounds, async (side, round) => {
    await context.swarm.connect(await plan.plans(side));
    if (round === 0) await tryWindows(side);
    const usedBefore = context.processorSeconds();
    const result = await oneRun(side, windows[side.name], plan.seconds);
    const perDelivery = microseconds(usedBefore, context.processorSeconds(), result.delivered);
    spent[side.name].push(perDelivery);
    const rate = result.delivered / result.seconds;
    cpu[side.name].push(Number(result.generatorCpu.toFixed(2)));
    context.log(
      `${plan.name}: ${side.name}, round ${round + 1}: ${perSecond(rate)} ` +
        `(${result.delivered.toLocaleString('en-US')} in ${result.seconds.toFixed(1)} s; ` +
        `generator at ${(result.generatorCpu * 100).toFixed(0)} % of a core; µs of processor time a delivery: ${renderCounts(perDelivery)})`,
    );
    await leave(context, before);
    return rate;
  });
  return { rates, details: { windows, trials, generatorCpu: cpu, duplicates, processorMicroseconds: spent } };
}

/** What each process has spent on one delivery. */
function microseconds(
  before: Partial<Record<string, number>>,
  after: Partial<Record<string, number>>,
  deliveries: number,
): Record<string, number> {
  const spent = Object.entries(after).map(([name, seconds = 0]) => {
    const micros = ((seconds - (before[name] ?? 0)) * 1e6) / Math.max(1, deliveries);
    return [name, Number(micros.toFixed(1))];
  });
  return Object.fromEntries(spent);
}

function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en-US')} deliveries/s`;
}
