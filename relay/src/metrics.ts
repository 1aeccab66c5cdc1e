import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type ClosureName, closures } from './closures.js';
import { BucketHistogram, Buckets, DELIVERY_SECONDS, SESSION_SECONDS } from './metrics/buckets.js';
import { watchEventLoop } from './metrics/event-loop.js';
import { RequestCounts } from './metrics/requests.js';
import { type Traffic, TrafficTotals } from './metrics/traffic.js';
import type { SubscriptionKind } from './session/subscriptions.js';
import type { DroppedCounts } from './transport/lane.js';
import type { TransportKind } from './transport/transport.js';

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
  /** Sessions by the transport that they came over. */
  readonly opened: Partial<Record<TransportKind, number>>;
  /** Subscriptions that are open. */
  readonly subscriptions: Record<SubscriptionKind, number>;
  /** How long sessions lasted, in seconds. */
  readonly sessionSeconds: Buckets;
  readonly latency: LatencyMetrics;
  readonly traffic: TrafficTotals;
  readonly requests: RequestCounts;
  readonly sends: Counter<'result'>;
  countClose(closure: ClosureName | 'lost'): void;
  readonly denials: Counter<'reason'>;
  /** By the setting's name, such as RELAY_MAX_SESSIONS_PER_USER. */
  readonly limits: Counter<'limit'>;
  /** What only RELAY_ACCESS_DRY_RUN lets through. */
  readonly dryRunDenials: Counter<'action'>;
  readonly undelivered: Counter;
  /** Log lines that clients caused too many of. */
  readonly linesLeftOut: Counter<'about'>;
  readonly unread: UnreadMetrics;
}

/** How long messages took, in seconds. */
export interface LatencyMetrics {
  /** `/user` messages, from their arrival at this relay to the first confirmation by a client. */
  readonly confirmed: Buckets;
  /** The same from `relay-published-at` on, for messages that carry it. */
  readonly publishedToConfirmed: Buckets;
  /** Topic messages, from `relay-published-at` to when they were written for all who subscribed. */
  readonly publishedToWritten: Buckets;
}

/** What is counted by looking at it when somebody asks. */
export interface Observed {
  sessions(): number;
  userRoutes(): number;
  topicFeeds(): number;
  linksUp(): Record<string, boolean>;
  /** How often each link has come up. */
  linkConnects(): Record<string, number>;
  /** `/user` messages that clients have not confirmed, and SENDs that the broker has not. */
  unconfirmed(): Record<'deliveries' | 'sends', number>;
  traffic(): Traffic & { privateLinks: number };
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
  // The aggregator says what is made of the figures of several workers.
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
  const countedNow = (name: string, help: string, label: string, read: () => Record<string, number>) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });
  const counted = (name: string, help: string, label: string, counts: Record<string, number>) =>
    countedNow(name, help, label, () => counts);
  countedNow('relay_link_connects_total', 'Times that a shared link came up', 'link', observed.linkConnects);
  const gauged = (name: string, help: string, label: string, read: () => Record<string, number>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count);
      },
    });
  gauged('relay_unconfirmed', 'Messages whose confirmation is awaited', 'what', observed.unconfirmed);
  const opened: Metrics['opened'] = {};
  counted('relay_sessions_opened_total', 'Sessions that were opened', 'transport', opened);
  const subscriptions: Metrics['subscriptions'] = { user: 0, topic: 0, private: 0, notice: 0 };
  gauged('relay_subscriptions', 'Open subscriptions', 'kind', () => subscriptions);
  showTraffic(registry, observed);
  const requests = new RequestCounts();
  new Counter({
    name: 'relay_http_requests_total',
    help: 'HTTP requests that were answered, or given up by the client (status none)',
    labelNames: ['route', 'method', 'status'],
    registers,
    collect() {
      this.reset();
      for (const { count, ...labels } of requests) this.inc(labels, count);
    },
  });
  watchEventLoop(registry);
  const histogram = (name: string, help: string, bounds = DELIVERY_SECONDS): Buckets => {
    const buckets = new Buckets(bounds);
    new BucketHistogram({ name, help }, buckets, registry);
    return buckets;
  };
  const closes = counter('relay_closes_total', 'Closed sessions', 'closure', 'code');
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
    opened,
    subscriptions,
    sessionSeconds: histogram('relay_session_seconds', 'How long sessions lasted', SESSION_SECONDS),
    latency: {
      confirmed: histogram(
        'relay_delivery_seconds',
        'From the arrival of a user message at this relay to the first confirmation by a client',
      ),
      publishedToConfirmed: histogram(
        'relay_published_to_confirmed_seconds',
        'From relay-published-at of a user message to the first confirmation by a client',
      ),
      publishedToWritten: histogram(
        'relay_published_to_written_seconds',
        'From relay-published-at of a topic message to when it was written for all subscribers here',
      ),
    },
    traffic: new TrafficTotals(),
    requests,
    sends: counter('relay_sends_total', 'SENDs that asked for a receipt, by outcome', 'result'),
    countClose(closure) {
      // A client that leaves may say any of three thousand codes: they are all one here.
      closes.inc({ closure, code: closure === 'lost' ? 1006 : closures[closure].code });
    },
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
    linesLeftOut: counter('relay_log_lines_left_out_total', 'Log lines that were one too many', 'about'),
    undelivered: counter('relay_undelivered_total', 'User messages given back as unread'),
  };
}

function showTraffic(registry: Registry, { traffic }: Observed): void {
  const registers = [registry];
  const figure = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  // All sessions are asked for it: once for each scrape is enough.
  let known: ReturnType<typeof traffic> | undefined;
  const now = () => {
    if (known) return known;
    setImmediate(() => {
      known = undefined;
    });
    known = traffic();
    return known;
  };
  figure('relay_frames_out_total', 'Frames to clients', () => now().framesOut);
  figure('relay_bytes_in_total', 'Bytes of STOMP from clients', () => now().bytesIn);
  figure('relay_bytes_out_total', 'Bytes of STOMP to clients', () => now().bytesOut);
  new Gauge({
    name: 'relay_private_links',
    help: 'Sessions with a link to the broker of their own',
    registers,
    collect() {
      this.set(now().privateLinks);
    },
  });
}
