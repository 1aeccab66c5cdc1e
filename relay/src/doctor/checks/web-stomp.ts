import type { Check } from '../check.js';
import type { Examination } from '../examination.js';
import { type Finding, found, NotChecked } from '../finding.js';
import { webStompPorts } from '../listeners.js';
import { command, ctl } from '../shell.js';
import { LinkError } from '../stomp-visit.js';

export const webStomp: Check = {
  name: 'web-stomp',
  about: 'the way over Web-STOMP',
  async *run(examination) {
    const { broker } = examination.config;
    const lost = await examination.unreachable('webStompUrls');
    for (const { url, error } of lost)
      yield await judgeLink(error, examination, broker.login, 'DOC_WEB_STOMP_LOGIN', url);
    if (lost.length === broker.webStompUrls.length) return;
    try {
      await examination.link();
    } catch (error) {
      yield await judgeLink(error as Error, examination, broker.login, 'DOC_WEB_STOMP_LOGIN');
      return;
    }
    if (!broker.clientSeparated) return;
    try {
      await examination.clientLink();
    } catch (error) {
      yield await judgeLink(error as Error, examination, broker.clientLogin, 'DOC_CLIENT_LOGIN');
    }
  },
};

async function judgeLink(
  error: Error,
  examination: Examination,
  login: string,
  onLogin: 'DOC_WEB_STOMP_LOGIN' | 'DOC_CLIENT_LOGIN',
  address = examination.config.broker.webStompUrls[0] ?? '',
): Promise<Finding> {
  const { broker } = examination.config;
  const { message } = error;
  const variable = onLogin === 'DOC_CLIENT_LOGIN' ? 'RABBITMQ_CLIENT_PASSWORD' : 'RABBITMQ_URL';
  if (message.includes('Virtual host')) {
    if (onLogin === 'DOC_WEB_STOMP_LOGIN')
      throw new NotChecked('the virtual host does not let us in; see above');
    return found(
      onLogin,
      `${login} has no permissions in the virtual host ${JSON.stringify(broker.vhost)}`,
      ctl('set_permissions', broker.vhost, login, ...Array(3).fill('^(?!relay\\.).*')),
    );
  }
  if (message.startsWith('Bad CONNECT')) {
    return found(
      onLogin,
      `Web-STOMP refuses the name or password of ${login} (${message})`,
      `put the right one into ${variable}, or: ${command('rabbitmqctl', 'change_password', login)} <password>`,
    );
  }
  if (error instanceof LinkError && error.refused) {
    const [what = '', fix = 'RABBITMQ_WEB_STOMP_URL=ws://… for a port without TLS'] = message.split('; ');
    return found('DOC_WEB_STOMP_TLS', what, fix);
  }
  const url = new URL(address);
  const ports = await webStompPorts(examination);
  const where = ports.length > 0 ? ports.map((port) => `${url.hostname}:${port}`).join(' or ') : undefined;
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1];
  if (status !== undefined || message.includes('Parse Error')) {
    return found(
      'DOC_WEB_STOMP_PATH',
      `${address} is no Web-STOMP endpoint (${status === undefined ? message : `HTTP ${status}`})`,
      `RABBITMQ_WEB_STOMP_URL=${url.protocol}//${where ?? `${url.hostname}:15674`}/ws`,
    );
  }
  return found(
    'DOC_WEB_STOMP_UNREACHABLE',
    `no Web-STOMP connection to ${address}: ${message}`,
    where === undefined
      ? 'rabbitmq-plugins enable rabbitmq_web_stomp, or the right host and port in RABBITMQ_WEB_STOMP_URL'
      : `RABBITMQ_WEB_STOMP_URL=${url.protocol}//${where}/ws, where the broker says that it listens`,
  );
}
