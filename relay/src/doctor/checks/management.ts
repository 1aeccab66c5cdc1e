import type { Check } from '../check.js';
import { found } from '../finding.js';
import { ManagementError } from '../management.js';
import { command } from '../shell.js';

export const management: Check = {
  name: 'management',
  about: 'the management of the broker',
  async *run({ management: manager, config }) {
    try {
      await manager.get('whoami');
    } catch (error) {
      if (!(error instanceof ManagementError)) throw error;
      const { host, protocol } = new URL(config.broker.managementUrl ?? '');
      yield error.status === 401 || error.status === 403
        ? found(
            'DOC_MANAGEMENT_LOGIN',
            `the management does not let ${manager.login} in (${error.message})`,
            `the right password in RABBITMQ_MANAGEMENT_URL, or: ${command('rabbitmqctl', 'set_user_tags', manager.login, 'administrator')}`,
          )
        : found(
            'DOC_MANAGEMENT_UNREACHABLE',
            `no answer of the management at ${protocol}//${host}: ${error.message}`,
            'rabbitmq-plugins enable rabbitmq_management, or the right RABBITMQ_MANAGEMENT_URL',
          );
    }
  },
};
