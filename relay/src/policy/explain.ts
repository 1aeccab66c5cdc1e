import type { Identity } from '../auth/identity.js';
import { type Action, type DestinationKind, parseDestination, sendTarget } from '../destination.js';
import { RelayError } from '../errors.js';
import { type BrokerAddress, brokerAddress } from './broker-address.js';
import type { AccessPolicy, Decision } from './decision.js';
import { describeValues } from './header-grants.js';
import { permit } from './permit.js';
import { DISCONNECT, type Slow } from './slow.js';

/** The answer to "may they, and why?". */
export interface Explanation {
  readonly allowed: boolean;
  /** What the ERROR frame would carry (`ERR_FORBIDDEN`, `ERR_DESTINATION_…`); null when it is allowed. */
  readonly code: string | null;
  /** A sentence for people. */
  readonly reason: string;
  /** The rule that decides; null when none does. */
  readonly rule: { readonly line: number; readonly name?: string } | null;
  /** Present when the token's own grants decide; `pattern` is the one that allows. */
  readonly grants: { readonly claim: string; readonly pattern?: string } | null;
  /** Whether only a dry run lets it through. */
  readonly dryRun: boolean;
  /** What kind of destination it is; null when it is none. */
  readonly destination: {
    readonly kind: DestinationKind;
    readonly words: readonly (readonly string[])[];
  } | null;
  /** What it is at the broker; null when it is no destination or served by the relay itself. */
  readonly broker: BrokerAddress | null;
  /** Queue-shaping headers that may come along, each with what its value may be. */
  readonly headers: Readonly<Record<string, string>>;
  /** What becomes of messages when the client does not keep up; null but for `/topic/…` subscriptions that are allowed. */
  readonly slow: Slow | null;
}

/**
 * Says whether a SUBSCRIBE or SEND would be let through, and why. Asks the very functions that handle the frames, so that
 * the two cannot disagree. Leaves out what only a session knows: a `/reply-queue/…` that was told to it is open to it.
 */
export function explain(
  policy: Pick<AccessPolicy, 'decide'>,
  action: Action,
  text: string,
  identity: Identity,
): Explanation {
  let decision: Decision | undefined;
  let found: Pick<Explanation, 'destination' | 'broker'> = { destination: null, broker: null };
  const watched: Pick<AccessPolicy, 'decide'> = {
    decide: (...asked) => {
      decision = policy.decide(...asked);
      return decision;
    },
  };
  let error: RelayError | undefined;
  try {
    const destination = parseDestination(text, action, identity.userWord);
    const { kind, words } = destination;
    found = { destination: { kind, words }, broker: brokerAddress(destination) ?? null };
    permit(watched, identity, action, destination);
    if (action === 'send') sendTarget(destination);
  } catch (thrown) {
    if (!(thrown instanceof RelayError)) throw thrown;
    error = thrown;
  }
  // A rule may allow what fails for another reason: then it does not decide.
  const { rule, grants, dryRun = false } = decision?.allowed === (error === undefined) ? decision : {};
  return {
    allowed: error === undefined,
    code: error?.code ?? null,
    reason: error ? refusal(error) : permission(decision),
    rule: rule ?? null,
    grants: grants ?? null,
    dryRun,
    ...found,
    headers: error ? {} : headersOf(decision),
    slow:
      !error && action === 'subscribe' && found.destination?.kind === 'topic'
        ? (decision?.slow ?? DISCONNECT)
        : null,
  };
}

function refusal({ message, detail }: RelayError): string {
  return detail ?? message;
}

function permission(decision: Decision | undefined): string {
  if (decision?.dryRun) {
    const why = decision.rule
      ? `the access file denies it in line ${decision.rule.line}`
      : 'no rule allows it';
    return `Only the dry run lets it through: ${why}.`;
  }
  if (decision?.grants) return `The grants in the token (claim ${decision.grants.claim}) allow it.`;
  if (decision?.rule) return `The access file allows it in line ${decision.rule.line}.`;
  return 'Everybody may subscribe to their own /user/…; that needs no rule.';
}

function headersOf(decision: Decision | undefined): Record<string, string> {
  return Object.fromEntries(
    [...(decision?.headers ?? [])].map(([name, allowed]) => [name, describeValues(allowed)]),
  );
}
