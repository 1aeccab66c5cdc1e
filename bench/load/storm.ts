import { serve } from '../rpc.js';
import { type ClientPlan, StompClient } from './stomp-client.js';

export interface StormRequest {
  plans: ClientPlan[];
  /** Clients come back at random times within so many milliseconds; 0 = all at once. */
  spread: number;
}

export interface StormReply {
  /** From the first attempt to the last receipt. */
  seconds: number;
  /** Attempts that failed, by what was wrong. Each was made again. */
  failures: Record<string, number>;
}

/** A client whose attempt fails comes back after so many milliseconds, twice as many at most. */
const AGAIN_MS = 500;
const PATIENCE_MS = 170_000;
/** Attempts that are begun in one go. */
const BURST = 50;

let clients: StompClient[] = [];

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const listener = { message() {}, read() {} };

/** All of them connect, sign in and subscribe, and stay. */
async function storm({ plans, spread }: StormRequest): Promise<StormReply> {
  for (const client of clients) client.destroy();
  clients = [];
  const failures: Record<string, number> = {};
  const began = performance.now();
  const comeBack = async (plan: ClientPlan, index: number) => {
    if (spread > 0) await pause(Math.random() * spread);
    for (;;) {
      const client = new StompClient(index, plan, listener);
      try {
        await client.open();
        clients.push(client);
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures[reason] = (failures[reason] ?? 0) + 1;
        if (performance.now() - began > PATIENCE_MS) throw error;
        await pause(AGAIN_MS * (1 + Math.random()));
      }
    }
  };
  const coming: Promise<void>[] = [];
  for (const [index, plan] of plans.entries()) {
    // The clients of a storm have a machine each: here those that have come this far must be heard in between.
    if (index % BURST === 0) await new Promise((resolve) => setImmediate(resolve));
    coming.push(comeBack(plan, index));
  }
  await Promise.all(coming);
  return { seconds: (performance.now() - began) / 1000, failures };
}

/** Clients whose connection has gone since. */
function lost(_: null): number {
  return clients.filter(({ failure }) => failure).length;
}

const api = { storm, lost };
export type StormApi = typeof api;
serve(api);
