import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { DroppedCounts } from './transport/lane.js';

/** What happens to unread mail. */
export interface UnreadMetrics {
  readonly stored: Counter;
  readonly discarded: Counter<'reason'>;
  readonly rejected: Counter;
  readonly taken: Counter;
  readonly read: Counter;
  readonly returned: Counter;
}

/** Figures that a relay offers at /metrics, each with a bounded number of series. */
export interface Metrics {
  readonly registry: Registry;
  countFrame(command: string): void;
  /** MESSAGE frames handed to transports. Plain numbers: a labelled counter costs more than the delivery. */
  readonly delivered: { user: number; topic: number; private: number };
  /** MESSAGEs that were dropped because their client did not keep up, by policy. Plain numbers, too. */
  readonly dropped: DroppedCounts;
  readonly sends: Counter<'result'>;
  readonly closes: Counter<'closure'>;
  readonly denials: Counter<'reason'>;
  /** By the setting's name, such as RELAY_MAX_SESSIONS_PER_USER. */
  readonly limits: Counter<'limit'>;
  /** What only RELAY_ACCESS_DRY_RUN lets through. */
  readonly dryRunDenials: Counter<'action'>;
  readonly undelivered: Counter;
  readonly unread: UnreadMetrics;
}

/** What is counted by looking at it when somebody asks. */
export interface Observed {
  sessions(): number;
  userRoutes(): number;
  topicFeeds(): number;
  linksUp(): Record<string, boolean>;
  leases(): number;
  brokerAlarm(): boolean;
  tickets(): number;
  revocations(): number;
}

export function createMetrics(observed: Observed): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Counter<T>({ name, help, labelNames, registers });
  // With several workers theirs are added up, where that means something.
  const gauge = (name: string, help: string, read: () => number, aggregator: Aggregator = 'sum') =>
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      collect() {
        this.set(read());
      },
    });
  gauge('relay_sessions', 'Open client sessions', observed.sessions);
  gauge('relay_user_routes', 'User destinations with a live subscription here', observed.userRoutes);
  gauge('relay_unread_leases', 'Pulls that wait for their acknowledgement', observed.leases);
  gauge('relay_tickets', 'Tickets that nobody has used yet', observed.tickets);
  gauge('relay_revocations', 'Revocations that are remembered', observed.revocations, 'max');
  const alarm = () => (observed.brokerAlarm() ? 1 : 0);
  gauge('relay_broker_alarm', 'Whether the broker is short of memory or disk', alarm, 'max');
  gauge('relay_topic_feeds', 'Broker subscriptions that serve topics', observed.topicFeeds);
  new Gauge({
    name: 'relay_link_up',
    help: 'Whether a shared link to the broker is up',
    labelNames: ['link'],
    registers,
    aggregator: 'min',
    collect() {
      for (const [link, up] of Object.entries(observed.linksUp())) this.set({ link }, up ? 1 : 0);
    },
  });
  const counted = (name: string, help: string, label: string, counts: Record<string, number>) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(counts)) this.inc({ [label]: value }, count);
      },
    });
  const delivered = { user: 0, topic: 0, private: 0 };
  counted('relay_messages_out_total', 'MESSAGE frames to clients', 'kind', delivered);
  const dropped = { 'drop-oldest': 0, 'latest-only': 0 };
  counted('relay_dropped_total', 'MESSAGE frames dropped for clients that do not keep up', 'policy', dropped);
  // Only commands that the decoder knows get here, so the series are bounded.
  const frames: Record<string, number> = {};
  counted('relay_frames_in_total', 'Frames from clients', 'command', frames);
  return {
    registry,
    delivered,
    dropped,
    countFrame(command) {
      frames[command] = (frames[command] ?? 0) + 1;
    },
    sends: counter('relay_sends_total', 'SENDs that asked for a receipt, by outcome', 'result'),
    closes: counter('relay_closes_total', 'Closed sessions', 'closure'),
    limits: counter('relay_limits_total', 'Times that a limit refused or slowed something down', 'limit'),
    denials: counter('relay_denials_total', 'Refused requests', 'reason'),
    dryRunDenials: counter(
      'relay_dry_run_denials_total',
      'SUBSCRIBEs and SENDs that only the dry run let through',
      'action',
    ),
    unread: {
      stored: counter('relay_unread_stored_total', 'Messages put into mailboxes'),
      discarded: counter(
        'relay_unread_discarded_total',
        'Unread messages that nobody gets: worthless, expired, or the oldest of a full mailbox (maxlen)',
        'reason',
      ),
      rejected: counter('relay_unread_rejected_total', 'Messages put aside into relay.unread.rejected'),
      taken: counter('relay_unread_taken_total', 'Messages handed out of mailboxes'),
      read: counter('relay_unread_read_total', 'Messages that were acknowledged and so left their mailbox'),
      returned: counter('relay_unread_returned_total', 'Messages that went back into their mailbox'),
    },
    undelivered: counter('relay_undelivered_total', 'User messages given back as unread'),
  };
}
