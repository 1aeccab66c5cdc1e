import type { Examination } from './examination.js';

/** What `/api/overview` says, as far as it is read here. */
export interface Overview {
  readonly rabbitmq_version: string;
  readonly erlang_version: string;
  readonly listeners: readonly { readonly protocol: string; readonly port: number }[];
}

/** Where the broker listens for Web-STOMP; empty when that is not known. */
export async function webStompPorts(examination: Examination): Promise<number[]> {
  try {
    const { listeners } = await examination.management.get<Overview>('overview');
    const ports = listeners.filter(({ protocol }) => /^https?\/web-stomp$/.test(protocol));
    return [...new Set(ports.map(({ port }) => port))];
  } catch {
    return [];
  }
}
