import { connect } from 'node:net';
import type { NodeIdentity } from './identity.js';
import type { Ports } from './ports.js';

/**
 * True when all listeners accept and the management API shows the imported definitions to the user `relay`.
 * Never throws: a node that starts refuses in many ways.
 */
export async function isReady(ports: Ports, identity: NodeIdentity, withTls: boolean): Promise<boolean> {
  if (!(await isListening(ports, withTls))) return false;
  const credentials = Buffer.from(`relay:${identity.brokerPassword}`).toString('base64');
  try {
    const response = await fetch(`http://127.0.0.1:${ports.management}/api/queues/%2F/relay.unread.intake`, {
      // A connection kept alive would make the node wait for it when it is told to stop right away.
      headers: { authorization: `Basic ${credentials}`, connection: 'close' },
      signal: AbortSignal.timeout(2000),
    });
    if (!response.ok) return false;
    const queue = (await response.json()) as { leader?: unknown };
    // A quorum queue without a leader takes no message yet, so the topology is not usable before.
    return typeof queue.leader === 'string' && queue.leader !== '';
  } catch {
    return false;
  }
}

/** True when all listeners accept. */
export async function isListening(ports: Ports, withTls: boolean): Promise<boolean> {
  const listening = [ports.amqp, ports.webStomp, ports.prometheus, ports.management];
  if (withTls) listening.push(ports.amqpTls, ports.webStompTls);
  return !(await Promise.all(listening.map(accepts))).includes(false);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
