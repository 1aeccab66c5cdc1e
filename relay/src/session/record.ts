import { type ClosureName, closures } from '../closures.js';
import type { Session } from './session.js';

/** What is told of a session, in figures and in the log: that it began, and what it has done when it ends. */
export function countOpened({ services, transport }: Session): void {
  const { opened } = services.metrics;
  opened[transport.kind] = (opened[transport.kind] ?? 0) + 1;
}

/** The client is connected. */
export function noteStart(session: Session): void {
  const { services, user, transport } = session;
  session.isLogged = services.sessionLog.passes(user.userWord);
  if (!session.isLogged) return;
  services.log.info(
    { ...who(session), address: transport.address, transport: transport.kind, version: session.version },
    'session started',
  );
}

/** @param code the WebSocket close code of a client that ended it */
export function noteEnd(session: Session, closure: ClosureName | 'lost', code: number | undefined): void {
  const { services, traffic, transport } = session;
  const { metrics, log } = services;
  metrics.countClose(closure);
  metrics.traffic.add(traffic);
  const seconds = (Date.now() - session.openedAt) / 1000;
  metrics.sessionSeconds.observe(seconds);
  // Who never got as far as CONNECTED is told of as a denial, or not worth telling.
  if (!session.isLogged) return;
  log.info(
    {
      ...who(session),
      ...{ address: transport.address, transport: transport.kind, seconds, ...traffic },
      ...{ messagesIn: session.messagesIn, messagesOut: session.messagesOut },
      subscriptions: session.subscriptions.made,
      ...{ closure, code: closure === 'lost' ? code : closures[closure].code },
      ...(session.failure === undefined ? {} : { reason: session.failure }),
    },
    'session ended',
  );
}

function who({ id, identity, services }: Session): {
  session: string;
  user: string | undefined;
  node: string;
} {
  return { session: id, user: identity?.user, node: services.node };
}
