import { printable } from '../printable.js';
import type { Plan, Step } from './plan.js';
import type { Played } from './play.js';

/** For all attempts together; one that waits in vain for an answer takes long. */
const PATIENCE_MS = 60_000;

/** The plan with as few steps as still show something that must not be; the plan itself when it does not happen again. */
export async function minimisePlan(plan: Plan, replay: (plan: Plan) => Promise<Played>): Promise<Plan> {
  const until = Date.now() + PATIENCE_MS;
  const fails = async (steps: Step[]) => (await replay({ ...plan, steps })).violations.length > 0;
  let kept = plan.steps;
  for (let at = kept.length - 1; at >= 0 && Date.now() < until; at--) {
    const fewer = kept.toSpliced(at, 1);
    if (await fails(fewer)) kept = fewer;
  }
  return { ...plan, steps: kept };
}

/** What the client does, a line for each step: printable and hexadecimal. */
export function describePlan({ number, user, door, upgrade, version, ending, steps }: Plan): string[] {
  const who = `client ${number}: user ${user}, token in ${door}, STOMP ${version}, ends with ${ending}`;
  const lines = steps.map((step) => {
    const how =
      step.kind === 'garbage' ? 'garbage' : `${step.binary ? 'binary' : 'text'} cut at [${step.cuts}]`;
    return `${how}: ${printable(step.bytes)} = ${step.bytes.subarray(0, 400).toString('hex')}`;
  });
  return [who, ...(upgrade === undefined ? [] : [`handshake: ${JSON.stringify(upgrade)}`]), ...lines];
}
