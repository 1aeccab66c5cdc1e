import type { ServerFacts } from '../../broker/visit.js';
import type { Check } from '../check.js';
import { unlessLost } from '../examination.js';
import { type Finding, found } from '../finding.js';

const SUPPORTED_MAJOR = 4;
/** The oldest that RabbitMQ 3.10 and later ones run on, and that gets fixes. */
const OLDEST_OTP = 25;

export const version: Check = {
  name: 'version',
  about: 'the versions of RabbitMQ and Erlang',
  async *run(examination) {
    yield* judgeVersion((await unlessLost(examination.looking())).server);
  },
};

export function judgeVersion({ product, version: text, platform }: ServerFacts): Finding[] {
  const findings: Finding[] = [];
  const [major = 0, minor = 0] = text.split('.').map(Number);
  if (product !== 'RabbitMQ') {
    findings.push(
      found('DOC_VERSION_TOO_OLD', `the broker is ${product} ${text}`, 'use RabbitMQ 3.10 or newer'),
    );
  } else if (major < 3 || (major === 3 && minor < 10)) {
    findings.push(
      found(
        'DOC_VERSION_TOO_OLD',
        `this is RabbitMQ ${text}`,
        'upgrade to RabbitMQ 4 (3.10 is the oldest that works)',
      ),
    );
  } else if (major < SUPPORTED_MAJOR) {
    findings.push(
      found(
        'DOC_VERSION_EOL',
        `this is RabbitMQ ${text}; 3.13, the last of the 3s, had its last release for everybody in 2024`,
        'upgrade to RabbitMQ 4 by way of 3.13 (https://www.rabbitmq.com/docs/upgrade), or know who else mends it: Debian does for its own',
      ),
    );
  }
  const otp = Number(/OTP (\d+)/.exec(platform)?.[1] ?? OLDEST_OTP);
  if (otp < OLDEST_OTP) {
    findings.push(
      found(
        'DOC_ERLANG_OLD',
        `RabbitMQ runs on ${platform}`,
        `install Erlang ${OLDEST_OTP + 1} or what its release notes name`,
      ),
    );
  }
  return findings;
}
