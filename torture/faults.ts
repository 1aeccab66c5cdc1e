import { setTimeout as delay } from 'node:timers/promises';
import type { Broker } from '../rabbitmq/launcher/index.js';
import type { Crowd } from './crowd.js';
import type { Random } from './random.js';
import type { KillableRelay } from './relay.js';
import type { FaultKind, PlannedFault } from './schedule.js';

/** What can be broken. */
export interface Victims {
  broker: Broker;
  relays: readonly KillableRelay[];
  crowd: Crowd;
  /** Milliseconds after which a relay closes a client that proves nothing. */
  confirmTimeout: number;
  /** Milliseconds after which mail for a dead relay's users becomes unread. */
  nodeTtl: number;
  /** Users in each client process, about. */
  usersPerProcess: number;
}

/** One fault that was survived. Times are milliseconds since the epoch, from the blow to the repair. */
export interface Fault {
  kind: FaultKind;
  what: string;
  from: number;
  until: number;
}

/** A relay ends the socket of a client that does not answer the close, this long after it. */
const CLOSE_GRACE_MS = 2000;

/** Breaks things as planned, several at a time when their times meet, but nothing that is broken already. */
export class Faults {
  readonly done: Fault[] = [];
  private begun = 0;
  private rolled = 0;
  private readonly busy = new Map<unknown, Promise<void>>();

  constructor(
    private readonly victims: Victims,
    private readonly random: Random,
    private readonly log: (line: string) => void,
  ) {}

  /** Resolves when every fault is over and repaired; rejects when a repair fails or `signal` aborts. */
  async run(plan: readonly PlannedFault[], signal: AbortSignal): Promise<void> {
    const began = Date.now();
    const running: Promise<void>[] = [];
    const failed = new AbortController();
    for (const { at, kind } of plan) {
      await delay(Math.max(0, began + at * 1000 - Date.now()), undefined, {
        signal: AbortSignal.any([signal, failed.signal]),
      }).catch(() => {});
      if (signal.aborted || failed.signal.aborted) break;
      const fault = this.start(kind);
      fault.catch(() => failed.abort());
      running.push(fault);
    }
    await Promise.all(running);
  }

  private start(kind: FaultKind): Promise<void> {
    const { broker, relays, crowd } = this.victims;
    if (kind === 'broker') return this.exclusively(broker, () => this.killBroker());
    if (kind === 'relay') {
      const relay = this.choose(relays);
      return this.exclusively(relay, () => this.killRelay(relay));
    }
    if (kind === 'roll') {
      // One after the other: whoever replaces relays waits for the new one to be ready.
      return this.exclusively(relays, () => {
        const relay = relays[this.rolled++ % relays.length] as KillableRelay;
        return this.exclusively(relay, () => this.rollRelay(relay));
      });
    }
    if (kind === 'links') {
      const links = this.choose(relays.map((relay) => relay.links));
      const name = relays.find((relay) => relay.links === links)?.name ?? '';
      return this.exclusively(links, () => this.cutLinks(links, name));
    }
    const process = this.choose(Array.from({ length: crowd.processes }, (_, index) => index));
    return this.exclusively(process, () =>
      kind === 'freeze' ? this.freeze(process) : this.cutClients(process),
    );
  }

  private async killBroker(): Promise<void> {
    const down = Math.round(this.random.between(200, 3000));
    await this.record('broker', `broker killed, restarted after ${down} ms`, async () => {
      await this.victims.broker.kill();
      await delay(down);
      await this.victims.broker.restart();
    });
  }

  private async killRelay(relay: KillableRelay): Promise<void> {
    const { crowd, nodeTtl } = this.victims;
    const down = Math.round(this.random.between(100, 4000));
    const milliseconds = Math.round(this.random.between(1, 4) * nodeTtl);
    const process = this.random.below(crowd.processes);
    const what = `${relay.name} killed, restarted after ${down} ms; some users of process ${process} away for ${milliseconds} ms`;
    await this.record('relay', what, async () => {
      await relay.kill();
      const absence = { relay: relay.url, nth: 2, milliseconds };
      // A process that is frozen now would answer late; its users are away already.
      if (!this.busy.has(process)) await crowd.stayAway(process, absence);
      await delay(down);
      await relay.start();
    });
  }

  private async rollRelay(relay: KillableRelay): Promise<void> {
    await this.record('roll', `${relay.name} told to end, and started again`, async () => {
      await relay.leave();
      await relay.start();
    });
  }

  private async freeze(process: number): Promise<void> {
    const { crowd, confirmTimeout, usersPerProcess } = this.victims;
    const time = Math.round(confirmTimeout + CLOSE_GRACE_MS + this.random.between(200, 2500));
    const what = `client process ${process} with ${usersPerProcess} users stopped for ${time} ms`;
    await this.record('freeze', what, () => crowd.freeze(process, time));
  }

  private async cutClients(process: number): Promise<void> {
    const { crowd, usersPerProcess } = this.victims;
    const count = 1 + this.random.below(usersPerProcess);
    const first = this.random.below(usersPerProcess);
    const what = `sockets of ${count} users of process ${process} destroyed`;
    await this.record('clients', what, () => crowd.cut(process, first, count));
  }

  private async cutLinks(links: KillableRelay['links'], name: string): Promise<void> {
    const which = this.random.pick([['amqp'], ['webStomp'], ['amqp', 'webStomp']] as const);
    const down = this.random.below(2) === 0 ? 0 : Math.round(this.random.between(300, 3000));
    const what = `links ${which.join(' and ')} of ${name} cut${down > 0 ? ` for ${down} ms` : ''}`;
    await this.record('links', what, async () => {
      for (const link of which) links[link].fail();
      if (down > 0) await delay(down);
      for (const link of which) links[link].restore();
    });
  }

  private async record(kind: FaultKind, what: string, action: () => Promise<unknown>): Promise<void> {
    const from = Date.now();
    this.log(`fault ${++this.begun}: ${what}`);
    await action();
    this.done.push({ kind, what, from, until: Date.now() });
  }

  /** One that is whole, as long as there is one. */
  private choose<T>(candidates: readonly T[]): T {
    const whole = candidates.filter((candidate) => !this.busy.has(candidate));
    return this.random.pick(whole.length > 0 ? whole : candidates);
  }

  private exclusively(victim: unknown, action: () => Promise<void>): Promise<void> {
    const turn = (this.busy.get(victim) ?? Promise.resolve()).then(action);
    this.busy.set(victim, turn);
    const free = () => {
      if (this.busy.get(victim) === turn) this.busy.delete(victim);
    };
    turn.then(free, free);
    return turn;
  }
}
