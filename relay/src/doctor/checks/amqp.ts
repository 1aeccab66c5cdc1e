import { tlsFault } from '../../broker/tls.js';
import { brokerText } from '../../broker/visit.js';
import type { Check } from '../check.js';
import type { Examination } from '../examination.js';
import { type Finding, found, measured } from '../finding.js';
import { limitsOf } from '../limits-of.js';
import { command, ctl } from '../shell.js';

export const amqp: Check = {
  name: 'amqp',
  about: 'the way over AMQP',
  async *run(examination) {
    if (examination.login === 'guest') {
      yield found(
        'DOC_GUEST',
        'RABBITMQ_URL signs in as guest',
        `rabbitmqctl add_user relay <password>, ${permit(examination.vhost, 'relay')}, and RABBITMQ_URL=amqp://relay:<password>@…`,
      );
    }
    const lost = await examination.unreachable('amqpUrls');
    yield* lost.map(({ url, error }) => judgeAmqp(error, url));
    const { amqpUrls } = examination.config.broker;
    if (lost.length === amqpUrls.length) return;
    try {
      const { server } = await examination.looking();
      yield measured('broker', `${server.product} ${server.version}, ${server.platform}`);
    } catch (error) {
      // amqplib keeps to itself what the broker says when it refuses a virtual host.
      yield (error as Error).message.includes('Expected ConnectionOpenOk')
        ? await judgeVhost(examination)
        : judgeAmqp(error as Error, amqpUrls[0] ?? '');
    }
  },
};

function permit(vhost: string, user: string): string {
  return ctl('set_permissions', vhost, user, '.*', '.*', '.*');
}

/** Says what a connection that failed before the virtual host was asked for means. */
export function judgeAmqp(error: Error, amqpUrl: string): Finding {
  const url = new URL(amqpUrl);
  const login = decodeURIComponent(url.username) || 'guest';
  const fault = tlsFault(error);
  if (fault) {
    const [what = '', fix = 'RABBITMQ_URL=amqp://… for a port without TLS'] = fault.message.split('; ');
    return found('DOC_AMQP_TLS', what, fix);
  }
  if (/ACCESS.REFUSED/.test(error.message)) {
    return found(
      'DOC_AMQP_LOGIN',
      `the broker refuses the name or password of ${login} (${brokerText(error)})`,
      `put the right one into RABBITMQ_URL, or: ${command('rabbitmqctl', 'change_password', login)} <password>`,
    );
  }
  const reason = error.message || String((error as NodeJS.ErrnoException).code);
  return found(
    'DOC_AMQP_UNREACHABLE',
    `no connection to ${url.protocol}//${url.host}: ${reason}`,
    'start the broker, or correct host and port in RABBITMQ_URL (rabbitmq-diagnostics listeners shows the ports)',
  );
}

/** Says why the broker does not let us into the virtual host, as far as the management knows. */
async function judgeVhost(examination: Examination): Promise<Finding> {
  const { vhost, login } = examination;
  const name = JSON.stringify(vhost);
  const add = ctl('add_vhost', vhost).replace('-p ', '');
  try {
    const { management } = examination;
    if (!(await management.read('vhosts/{vhost}'))) {
      return found(
        'DOC_VHOST_MISSING',
        `the broker has no virtual host ${name}, which RABBITMQ_URL names`,
        `${add}, and ${permit(vhost, login)}; or another path in RABBITMQ_URL`,
      );
    }
    if (!(await management.read(`permissions/{vhost}/${encodeURIComponent(login)}`))) {
      return found(
        'DOC_VHOST_REFUSED',
        `${login} has no permissions in the virtual host ${name}`,
        permit(vhost, login),
      );
    }
    const { vhost: ofVhost, user } = await limitsOf(management, login);
    if (user['max-connections'] !== undefined) {
      return found(
        'DOC_CONNECTIONS_FULL',
        `the user ${login} may have ${user['max-connections']} connections, or its virtual host too few`,
        command('rabbitmqctl', 'clear_user_limits', login, 'max-connections'),
      );
    }
    if (ofVhost['max-connections'] !== undefined) {
      return found(
        'DOC_CONNECTIONS_FULL',
        `the virtual host ${name} may have ${ofVhost['max-connections']} connections, and has them`,
        ctl('set_vhost_limits', vhost, '{"max-connections": -1}'),
      );
    }
  } catch {
    // What cannot be told apart is told together.
  }
  return found(
    'DOC_VHOST_REFUSED',
    `the broker does not let ${login} into the virtual host ${name}: there is none, or no permission, or too many connections`,
    `${add}; ${permit(vhost, login)}; with RABBITMQ_MANAGEMENT_URL the doctor knows which`,
  );
}
