import type { Examination } from './examination.js';

/** A word of a command line as a POSIX shell takes it, whatever is in it. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command as somebody could paste it. */
export function command(...words: readonly string[]): string {
  return words.map(word).join(' ');
}

/** `rabbitmqctl` for a virtual host. */
export function ctl(name: string, vhost: string, ...rest: readonly string[]): string {
  return command('rabbitmqctl', name, '-p', vhost, ...rest);
}

/** Asks the management for what rabbitmqctl cannot do; curl asks for the password. */
export function curl(
  { config, vhost }: Pick<Examination, 'config' | 'vhost'>,
  method: string,
  path: string,
  body?: object,
): string {
  const { origin, pathname } = new URL(config.broker.managementUrl ?? 'http://127.0.0.1:15672');
  const url = `${origin}${pathname.replace(/\/+$/, '')}/api/${path.replaceAll('{vhost}', encodeURIComponent(vhost))}`;
  const sent = body ? ['-H', 'content-type: application/json', '-d', JSON.stringify(body)] : [];
  return command('curl', '-u', config.broker.login, '-X', method, ...sent, url);
}
