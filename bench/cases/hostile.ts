import { type Context, pause } from '../context.js';
import type { AttackReply, HostileApi } from '../load/hostile.js';
import type { RelayProcess } from '../relay-process.js';
import { type Row, reachRow, strainRow } from '../rows.js';
import { Worker } from '../rpc.js';
import { TOPIC, userKey } from '../sides.js';
import { quantile } from '../statistics.js';
import { type Run, Swarm } from '../swarm.js';

const MIB = 1024 * 1024;
const SAMPLE_SECONDS = 0.25;
/** How many times the latency of peace it may be under attack. */
const MOST = 2;
const SHARES = [0.5, 0.99] as const;

/** What was seen of one phase: quantiles in ms by slice, as in SHARES, and the relay's memory in bytes. */
interface Phase {
  topic: number[][];
  users: number[][];
  memory: number[];
}

interface Crowd {
  swarm: Swarm;
  run: Run;
}

/**
 * Clients that hold sockets and say nothing, and clients that subscribe to a busy topic and read nothing, both coming
 * back whenever they are cut: what do those notice who behave? Asked of a fresh relay with default limits.
 */
export async function hostile(context: Context): Promise<Row[]> {
  const { deaf, silent, subscribers, users, topicRate, userRate, bodyBytes, sliceSeconds } =
    context.sizes.hostile;
  const { process: relay, side } = await context.freshRelay();
  const swarms = await Promise.all([1, 2].map(() => Swarm.start(context.amqpUrl, 1, bodyBytes)));
  const attacker = new Worker<HostileApi>(new URL('../load/hostile.js', import.meta.url));
  try {
    const [audience, readers] = swarms as [Swarm, Swarm];
    await audience.connect(await side.audience(subscribers));
    await readers.connect(await side.users(users, subscribers));
    const common = { seconds: sliceSeconds, window: Number.POSITIVE_INFINITY, timed: true };
    const keys = Array.from({ length: users }, (_, index) => userKey(subscribers + index));
    const crowds: Crowd[] = [
      {
        swarm: audience,
        run: { ...common, exchange: TOPIC.exchange, keys: [TOPIC.key], rate: topicRate, toAll: true },
      },
      { swarm: readers, run: { ...common, exchange: side.userExchange, keys, rate: userRate, toAll: false } },
    ];
    const phase = (name: string, slices: number) => watch(context, relay, crowds, name, slices);
    const { peace, attack } = context.sizes.hostile;
    await phase('warm-up', 1);
    const before = await phase('in peace', peace);
    const plans = await side.audience(deaf, subscribers + users);
    await attacker.call('begin', { ...placeOf(plans[0]), silent, deaf: plans }, 120);
    const during = await phase('under attack', attack);
    const reply = await attacker.call('end', null);
    context.log(
      `hostile: cut and back again: ${reply.silentAgain} that say nothing, ${reply.deafAgain} that read nothing; ` +
        `the attack took ${Math.round(reply.cpu * 100)} % of a core`,
    );
    const after = await phase('afterwards', peace);
    return rows(context, { before, during, after }, reply);
  } finally {
    await Promise.all([attacker.stop(), ...swarms.map((swarm) => swarm.stop())]);
    await relay.stop();
  }
}

function placeOf(plan: { host: string; port: number; path: string } | undefined) {
  if (!plan) throw new Error('the attack needs at least one client that reads nothing');
  const { host, port, path } = plan;
  return { host, port, path };
}

async function watch(
  context: Context,
  relay: RelayProcess,
  crowds: Crowd[],
  name: string,
  slices: number,
): Promise<Phase> {
  const phase: Phase = { topic: [], users: [], memory: [] };
  let watching = true;
  const sampling = (async () => {
    while (watching) {
      phase.memory.push(relay.memory());
      await pause(SAMPLE_SECONDS);
    }
  })();
  try {
    for (let slice = 0; slice < slices; slice++) {
      const results = await Promise.all(crowds.map(({ swarm, run }) => swarm.run(run)));
      const [topic = [], users = []] = results.map(({ latencies }) =>
        SHARES.map((share) => quantile(latencies, share) / 1000),
      );
      phase.topic.push(topic);
      phase.users.push(users);
      const figures = [topic, users].map((values) => values.map((value) => value.toFixed(2)).join(' and '));
      const held = Math.round((phase.memory.at(-1) ?? 0) / MIB);
      context.log(
        `hostile: ${name}: p50 and p99: topic ${figures[0]} ms, users ${figures[1]} ms; relay ${held} MiB`,
      );
    }
  } finally {
    watching = false;
    await sampling;
  }
  return phase;
}

function rows(
  { sizes }: Context,
  { before, during, after }: Record<'before' | 'during' | 'after', Phase>,
  reply: AttackReply,
): Row[] {
  const { silent, deaf } = sizes.hostile;
  const attack = `with ${silent.toLocaleString('en-US')} silent and ${deaf} deaf clients`;
  const result: Row[] = [];
  for (const kind of ['topic', 'users'] as const) {
    for (const [index, share] of SHARES.entries()) {
      const pick = (phase: Phase) => phase[kind].map((values) => values[index] ?? Number.NaN);
      const head = (when: string, label: string) => ({
        id: `hostile-${kind}-p${share * 100}-${when}`,
        label: `${kind} latency p${share * 100}, ${label}`,
        unit: 'ms',
        digits: 2,
      });
      result.push(
        reachRow(head('before', 'in peace'), pick(before)),
        strainRow({ ...head('during', attack), details: { ...reply } }, pick(before), pick(during), MOST),
        reachRow(head('after', 'afterwards'), pick(after)),
      );
    }
  }
  const memory = (when: string, label: string, { memory: samples }: Phase) => {
    const most = Math.max(...samples) / MIB;
    const head = {
      id: `hostile-memory-${when}`,
      label: `relay memory at most, ${label}`,
      unit: 'MiB',
      digits: 0,
    };
    return reachRow(head, [most]);
  };
  result.push(
    memory('before', 'in peace', before),
    memory('during', attack, during),
    memory('after', 'afterwards', after),
  );
  return result;
}
