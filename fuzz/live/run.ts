import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from '../../bench/environment.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { Audit, type Writer } from './audit.js';
import { Bystander, type BystanderFigures } from './bystander.js';
import { describePlan, minimisePlan } from './minimise.js';
import { makePlan } from './plan.js';
import { type Played, play } from './play.js';
import { SETTLE_MS, stateAfter, steadyState } from './state.js';
import { Traffic } from './traffic.js';
import { relayFigures } from './watch.js';
import { build, type World } from './world.js';

export interface LiveOptions {
  seed: number;
  /** Frames to write at least. */
  frames: number;
  /** Only this client, alone. */
  only: number | undefined;
  /** Bound on the time of writing, in seconds. */
  seconds: number;
}

export interface LiveFigures {
  clients: number;
  frames: number;
  hostile: number;
  /** Frames that the relay has decoded, the bystander's among them. */
  framesIn: number;
  /** Handshakes by status, ends by close code, ERROR frames by code, and frames that came by command. */
  statuses: Record<string, number>;
  closes: Record<string, number>;
  errors: Record<string, number>;
  received: Record<string, number>;
  /** Messages of fuzzing clients at the broker, by exchange. */
  audited: Record<string, number>;
  bystander: BystanderFigures;
  warnings: Record<string, number>;
  memory: { heapBefore: number; heapAfter: number; residentBefore: number; residentMost: number };
  seconds: number;
  violations: string[];
  /** The first client that has seen one of them itself, made as small as it still does, a line for each step. */
  smallest: string[];
}

const AT_ONCE = 24;
/**
 * Each may come to topics where nobody else is, and leave them. For that the broker makes and removes a queue, over the link
 * that brings everybody's topics: at three times this rate the bystander waits for 10 s and more.
 */
const CLIENTS_PER_SECOND = 100;
const LOOK_MS = 1000;
const PROGRESS_MS = 15_000;
/** What a relay may have more in the end than in the beginning: what it has compiled and what is not collected yet. */
const MOST_HEAP_GROWTH = 128 * 2 ** 20;
const MOST_DELAY_MS = 5000;
const MOST_VIOLATIONS = 30;

/** Fuzzing clients against a relay with a broker, with everything looked at that must not change. */
export async function runLive(
  options: LiveOptions,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<LiveFigures> {
  log('starting broker and relay');
  const world = await build(cleanup);
  const run = new LiveRun(world, options, log);
  cleanup.add(async () => {
    run.traffic.stop();
    run.bystander.close();
  });
  return run.run();
}

class LiveRun {
  readonly bystander: Bystander;
  readonly traffic: Traffic;
  private readonly audit: Audit;
  private readonly tags = new Map<string, Writer>();
  private readonly violations: string[] = [];
  private readonly inFlight = new Set<number>();
  private readonly tally = { clients: 0, frames: 0, hostile: 0 };
  private readonly statuses: Record<string, number> = {};
  private readonly closes: Record<string, number> = {};
  private readonly errors: Record<string, number> = {};
  private readonly received: Record<string, number> = {};
  private residentMost = 0;
  private suspect: number | undefined;
  private writing = true;

  constructor(
    private readonly world: World,
    private readonly options: LiveOptions,
    private readonly log: (line: string) => void,
  ) {
    const { channel, surroundings } = world;
    const mark = randomBytes(12).toString('hex');
    this.bystander = new Bystander(channel, surroundings.secret);
    this.traffic = new Traffic(channel, mark);
    this.audit = new Audit([surroundings.secret, mark], world.privateUser, (tag) => this.tags.get(tag));
  }

  async run(): Promise<LiveFigures> {
    const { world, bystander, traffic, audit } = this;
    await world.management.trace();
    await audit.open(world.channel);
    await bystander.open(`${world.relay.url.replace('http', 'ws')}/ws`, world.bystanderToken);
    const before = await steadyState(world);
    const watching = this.watch();
    traffic.start();
    const began = performance.now();
    await this.write(began);
    const seconds = (performance.now() - began) / 1000;
    this.writing = false;
    traffic.stop();
    await watching;
    this.log(
      `${this.tally.frames} frames of ${this.tally.clients} clients are written; waiting until all is as before`,
    );
    for (const trouble of world.troubles)
      this.report(`the broker closed the connection of a service: ${trouble}`);
    const broken = world.troubles.length > 0 || world.relay.ended !== undefined;
    const figures = await bystander.finish(broken ? 0 : SETTLE_MS);
    const after = await stateAfter(world, before, (violation) => this.report(violation));
    if (!broken) await this.checkAudit();
    if (figures.slowest > MOST_DELAY_MS)
      this.report(`the bystander waited ${figures.slowest} ms for a message`);
    const growth = after.relay.heapBytes - before.relay.heapBytes;
    if (growth > MOST_HEAP_GROWTH)
      this.report(`the relay has ${Math.round(growth / 2 ** 20)} MiB more on its heap`);
    const smallest = await this.minimised();
    bystander.close();
    await world.relay.stop();
    if (world.relay.ended !== '0') this.report(`the relay ended with ${world.relay.ended}`);
    for (const trouble of world.log.troubles) this.report(`the relay's log: ${trouble}`);
    return {
      ...this.tally,
      framesIn: after.relay.framesIn,
      ...{ statuses: this.statuses, closes: this.closes, errors: this.errors, received: this.received },
      audited: audit.seen,
      bystander: figures,
      warnings: world.log.warnings,
      memory: {
        heapBefore: before.relay.heapBytes,
        heapAfter: after.relay.heapBytes,
        residentBefore: before.relay.residentBytes,
        residentMost: this.residentMost,
      },
      seconds,
      violations: [...this.violations, ...audit.violations, ...figures.violations],
      smallest,
    };
  }

  /** Clients one after the other, some at a time, until enough is written. */
  private async write(began: number): Promise<void> {
    const { only, frames, seconds } = this.options;
    let next = only ?? 0;
    const more = () => {
      if (only !== undefined) return next === only;
      const late = performance.now() - began > seconds * 1000;
      return (
        this.tally.frames < frames &&
        this.violations.length < MOST_VIOLATIONS &&
        !late &&
        !this.world.relay.ended
      );
    };
    const one = async () => {
      while (more()) {
        const number = next++;
        const due = began + ((number - (only ?? 0)) / CLIENTS_PER_SECOND) * 1000;
        await delay(Math.max(0, due - performance.now()));
        await this.client(number);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  private async client(number: number): Promise<void> {
    const plan = makePlan(this.options.seed, number);
    if (plan.user !== undefined) this.tags.set(plan.tag, { number, user: plan.user });
    this.inFlight.add(number);
    const played = await play(plan, this.world.surroundings);
    this.inFlight.delete(number);
    this.count(played);
    for (const violation of played.violations) {
      this.suspect ??= number;
      this.report(`client ${number}: ${violation}`);
    }
  }

  private count({ frames, hostile, received, status, closeCode, error }: Played): void {
    this.tally.clients++;
    this.tally.frames += frames;
    this.tally.hostile += hostile;
    const add = (table: Record<string, number>, key: string, by = 1) => {
      table[key] = (table[key] ?? 0) + by;
    };
    add(this.statuses, String(status));
    if (status === 101) add(this.closes, String(closeCode ?? 'cut'));
    if (error !== undefined) add(this.errors, error);
    for (const [command, times] of Object.entries(received)) add(this.received, command, times);
  }

  private async minimised(): Promise<string[]> {
    if (this.suspect === undefined || this.world.relay.ended) return [];
    this.log(`making client ${this.suspect} smaller`);
    const plan = makePlan(this.options.seed, this.suspect);
    return describePlan(await minimisePlan(plan, (smaller) => play(smaller, this.world.surroundings)));
  }

  /** Looks at the relay all the time: it must answer, and its links must stay up. */
  private async watch(): Promise<void> {
    let toldAt = Date.now();
    for (; this.writing; await delay(LOOK_MS)) {
      try {
        const { down, residentBytes, sessions } = await relayFigures(this.world.relay.url);
        this.residentMost = Math.max(this.residentMost, residentBytes);
        if (down.length > 0)
          this.report(`down: ${down.join(', ')} while clients ${[...this.inFlight].join(' ')} were there`);
        if (this.world.troubles.length > 0) return;
        if (Date.now() - toldAt < PROGRESS_MS) continue;
        toldAt = Date.now();
        this.log(
          `${this.tally.frames} frames of ${this.tally.clients} clients, ${sessions} sessions, ${Math.round(residentBytes / 2 ** 20)} MiB`,
        );
      } catch (error) {
        this.report(
          `the relay does not answer: ${(error as Error).message}; it ended with ${this.world.relay.ended}`,
        );
        return;
      }
    }
  }

  /** Everything that was published must have been looked at: the run's own messages stand for the others. */
  private async checkAudit(): Promise<void> {
    const published = this.bystander.publishedInAll + this.traffic.published;
    const complete = () => this.audit.own >= published;
    await waitFor(complete, { what: 'the audit', timeout: SETTLE_MS }).catch(() =>
      this.report(`the audit has seen ${this.audit.own} of the run's own ${published} messages`),
    );
  }

  private report(violation: string): void {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(violation);
  }
}
