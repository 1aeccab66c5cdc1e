import type { RelayConfig } from '../../config.js';
import type { Check } from '../check.js';
import { type Finding, found } from '../finding.js';
import { matches } from '../permission.js';
import { effects } from '../policy-effects.js';
import { CLIENT_QUEUES, type Target, targetsOf } from '../policy-targets.js';
import { ctl } from '../shell.js';

export interface Policy {
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly priority: number;
}

export const policies: Check = {
  name: 'policies',
  about: 'policies and operator policies',
  async *run({ management, config, vhost }) {
    const [own, operator] = await Promise.all([
      management.get<Policy[]>('policies/{vhost}'),
      management.get<Policy[]>('operator-policies/{vhost}'),
    ]);
    yield* judgePolicies(own, 'policy', config.env, vhost);
    yield* judgePolicies(operator, 'operator policy', config.env, vhost);
  },
};

export function judgePolicies(
  policies: readonly Policy[],
  kind: 'policy' | 'operator policy',
  env: RelayConfig['env'],
  vhost: string,
): Finding[] {
  const findings: Finding[] = [];
  const targets = targetsOf(env);
  for (const policy of policies) {
    const hit = targets.filter((target) => effective(policies, target) === policy);
    const what = `${kind} ${JSON.stringify(policy.name)} (${policy.pattern})`;
    const clear = ctl(kind === 'policy' ? 'clear_policy' : 'clear_operator_policy', vhost, policy.name);
    for (const { code, key, value, target } of effects(policy.definition, hit, env)) {
      findings.push(
        found(
          code,
          `${what} sets ${key} ${JSON.stringify(value)} on ${target}`,
          `${clear}, or a pattern such as '^(?!relay\\.)…'`,
        ),
      );
    }
    const others = CLIENT_QUEUES.filter((target) => effective(policies, target) === policy);
    const limits = Object.keys(policy.definition).filter((key) => LIMITS.includes(key));
    if (others.length > 0 && limits.length > 0) {
      findings.push(
        found(
          'DOC_POLICY_CLIENT_QUEUES',
          `${what} sets ${limits.join(', ')} on queues of private links`,
          `if it is not meant: ${clear}`,
        ),
      );
    }
  }
  return findings;
}

const LIMITS = [
  'message-ttl',
  'expires',
  'max-length',
  'max-length-bytes',
  'overflow',
  'dead-letter-exchange',
];

/** The one policy that counts for an object: of those that match, the one of the highest priority. */
function effective(policies: readonly Policy[], target: Target): Policy | undefined {
  return policies
    .filter((policy) => appliesTo(policy['apply-to'], target.kind) && matches(policy.pattern, target.name))
    .reduce<Policy | undefined>(
      (best, one) => (best && best.priority >= one.priority ? best : one),
      undefined,
    );
}

function appliesTo(what: string, kind: Target['kind']): boolean {
  if (what === 'all') return true;
  if (kind === 'exchange') return what === 'exchanges';
  return what === 'queues' || what === `${kind}_queues` || (kind === 'stream' && what === 'streams');
}
