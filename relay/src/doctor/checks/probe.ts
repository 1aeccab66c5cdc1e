import { isNotFound } from '../../broker/probe.js';
import { names } from '../../broker/topology.js';
import { BlockedError, brokerText } from '../../broker/visit.js';
import type { Check } from '../check.js';
import type { Code } from '../codes.js';
import { type Examination, unlessLost } from '../examination.js';
import { found, measured, NotChecked, type Told } from '../finding.js';
import type { StompVisit } from '../stomp-visit.js';

/** A broker beside the relay takes 1 to 20. */
const SLOW_MS = 500;
/** What the broker has confirmed is in its queues, so that it is there at once, or never. */
const AFTER_CONFIRM_MS = 2000;
/** Bytes that are no UTF-8, with those that would end a frame. */
const BODY = Buffer.from([0x00, 0xff, 0xfe, 0x0a, 0x80, 0x00, 0x41]);

interface Way {
  readonly name: string;
  readonly code: Code;
  readonly fix: string;
  /** Sends BODY, and resolves with what came and how long that took, in milliseconds. */
  run(examination: Examination): Promise<{ body: Buffer; time: number }>;
}

const WAYS: readonly Way[] = [
  {
    name: 'AMQP to a user',
    code: 'DOC_PROBE_AMQP',
    fix: 'correct what is said above of topology and permissions; else look into the log of the broker',
    run: (examination) => overAmqp(examination, names.users, 'online'),
  },
  {
    name: 'AMQP to a user who is away',
    code: 'DOC_PROBE_UNREAD',
    fix: `correct what is said above of ${names.user}, ${names.users} and ${names.unread}`,
    run: (examination) => overAmqp(examination, names.unread, 'offline'),
  },
  {
    name: 'Web-STOMP',
    code: 'DOC_PROBE_WEB_STOMP',
    fix: 'correct what is said above of permissions; else look into the log of the broker',
    run: (examination) => overStomp(`/topic/${examination.id}.shared`, examination.link()),
  },
  {
    name: 'Web-STOMP, private link',
    code: 'DOC_PROBE_CLIENT',
    fix: 'correct what is said above of the user of private links; else look into the log of the broker',
    run: (examination) => overStomp(`/topic/${examination.id}.private`, examination.clientLink()),
  },
];

/** One message each way that messages go, to nobody real. */
export const probe: Check = {
  name: 'probe',
  about: 'messages from end to end',
  async *run(examination) {
    const separated = examination.config.broker.clientSeparated;
    for (const way of WAYS) if (separated || way.code !== 'DOC_PROBE_CLIENT') yield* tryWay(way, examination);
  },
};

async function* tryWay({ name, code, fix, run }: Way, examination: Examination): AsyncGenerator<Told> {
  try {
    const { body, time } = await run(examination);
    yield measured(name, `${time.toFixed(1)} ms`);
    if (!body.equals(BODY)) {
      const what = `${name}: ${BODY.toString('hex')} came as ${body.subarray(0, 20).toString('hex')}`;
      yield found(
        'DOC_PROBE_BYTES',
        what,
        'web_stomp.ws_frame = binary in rabbitmq.conf; no proxy that speaks WebSocket between relay and broker',
      );
    }
    if (time > SLOW_MS) {
      yield found(
        'DOC_PROBE_SLOW',
        `${name} took ${time.toFixed()} ms`,
        'put the broker nearer to the relay, and look at its disk and load',
      );
    }
  } catch (error) {
    if (error instanceof NotChecked || error instanceof BlockedError) throw error;
    if (isNotFound(error)) throw new NotChecked('exchanges of the relay are not there; see above');
    yield found(code, `${name}: ${brokerText(error as Error)}`, fix);
  }
}

/** Publishes to a user, and listens at an exchange; the message goes nowhere else. */
async function overAmqp(examination: Examination, exchange: string, what: string) {
  const key = `${examination.id}.${what}`;
  const listener = await (await unlessLost(examination.looking())).listen(exchange, key);
  const publish = await (await unlessLost(examination.publishing())).publisher();
  const since = performance.now();
  await publish(names.user, key, BODY);
  const body = await listener.next(Math.min(examination.timeout, AFTER_CONFIRM_MS));
  return { body, time: performance.now() - since };
}

async function overStomp(destination: string, link: Promise<StompVisit>) {
  const visit = await unlessLost(link);
  return visit.roundTrip(destination, BODY);
}
