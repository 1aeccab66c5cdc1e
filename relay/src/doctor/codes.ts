/** error: clients, messages or the relay suffer. warning: they will, or somebody may do harm. note: good to know. */
export type Level = 'error' | 'warning' | 'note';

interface Meaning {
  readonly level: Level;
  /** Why it matters. */
  readonly why: string;
}

const error = (why: string): Meaning => ({ level: 'error', why });
const warning = (why: string): Meaning => ({ level: 'warning', why });
const note = (why: string): Meaning => ({ level: 'note', why });

const NO_START = 'the relay does not start without it, and a relay that runs serves nobody';
const BAD_TOKENS = 'tokens are taken for expired or not yet good, and what expires does so at the wrong time';

/** Every finding there is. docs/doctor.md explains them, and a test checks that it has them all. */
export const CODES = {
  DOC_AMQP_UNREACHABLE: error(NO_START),
  DOC_AMQP_TLS: error(NO_START),
  DOC_AMQP_LOGIN: error(NO_START),
  DOC_VHOST_MISSING: error(NO_START),
  DOC_VHOST_REFUSED: error(NO_START),
  DOC_GUEST: warning('everybody knows that password'),

  DOC_WEB_STOMP_UNREACHABLE: error(NO_START),
  DOC_WEB_STOMP_TLS: error(NO_START),
  DOC_WEB_STOMP_PATH: error(NO_START),
  DOC_WEB_STOMP_LOGIN: error(NO_START),
  DOC_CLIENT_LOGIN: error('clients are closed when they use /queue, /temp-queue or transactions'),

  DOC_MANAGEMENT_UNREACHABLE: warning('/broker/ does not work, and most of this could not be checked'),
  DOC_MANAGEMENT_LOGIN: warning('/broker/ does not work, and most of this could not be checked'),

  DOC_VERSION_TOO_OLD: error(
    'the relay needs quorum queues with dead-lettering at least once, which came with 3.10',
  ),
  DOC_VERSION_EOL: warning('its makers fix no more holes in it'),
  DOC_ERLANG_OLD: warning('it gets no fixes any more'),
  DOC_PLUGIN_DISABLED: error(NO_START),
  DOC_PLUGIN_PROMETHEUS: note('dashboards and alerts have nothing to read of the broker'),

  DOC_TOPOLOGY_MISSING: note('the relay declares it at its start'),
  DOC_TOPOLOGY_GONE: error('relays run and go by it: messages are lost'),
  DOC_EXCHANGE_WRONG: error('the relay is refused when it declares its own, and messages go astray'),
  DOC_QUEUE_WRONG: error('the relay is refused when it declares its own, and what it promises does not hold'),
  DOC_BINDING_MISSING: error('what comes to the exchange is lost'),

  DOC_PERMISSION_MISSING: error('the broker refuses what the relay must do'),
  DOC_TOPIC_PERMISSION: error('the broker refuses messages and subscriptions of some keys'),
  DOC_CLIENT_REACHES_RELAY: error(
    'a hole in the policy would open everybody’s messages to a client, or let it write them',
  ),
  DOC_CLIENT_PERMISSION: error('clients are closed when they use /queue, /temp-queue or transactions'),
  DOC_CLIENT_SHARED: warning('only the policy keeps private links from everybody’s messages'),
  DOC_CLIENT_ADMINISTRATOR: warning('whoever gets hold of its password has the broker'),

  DOC_POLICY_TTL: error('messages are thrown away, or become unread, before their time'),
  DOC_POLICY_EXPIRES: error('the broker deletes the queue with what is in it when nobody uses it'),
  DOC_POLICY_LENGTH: error('messages are thrown away when there are more'),
  DOC_POLICY_OVERFLOW: error('publishers are refused, or messages thrown away, when the queue is full'),
  DOC_POLICY_DEAD_LETTER: warning('messages end up where the relay does not look for them'),
  DOC_POLICY_DELIVERY_LIMIT: error('messages are thrown away after a few restarts of a relay'),
  DOC_POLICY_ALTERNATE: note(
    'the relay’s own argument counts, until somebody declares the exchange without it',
  ),
  DOC_POLICY_MIRRORS: warning(
    'mirrors make each mailbox as slow as the slowest node, and RabbitMQ 4 has none',
  ),
  DOC_POLICY_FEDERATION: warning('messages are copied or moved to another broker'),
  DOC_POLICY_CONSUMER_TIMEOUT: error(
    'the broker closes the relay’s channel while clients still have time to acknowledge',
  ),
  DOC_POLICY_CLIENT_QUEUES: note('it holds for queues of clients, too; it may be meant'),

  DOC_ALARM: error('the broker takes no messages: clients that send, and services, wait'),
  DOC_ALARM_NEAR: warning('soon the broker takes no messages any more'),
  DOC_NODE_DOWN: error('queues with their home there are away, and quorum queues one node closer to a stop'),
  DOC_PARTITION: error('the nodes go on without each other, and messages of one side will be lost'),
  DOC_MAINTENANCE: warning('it takes no connections, and has given its queues away'),
  DOC_QUORUM_LOST: error('the queue takes and gives nothing until most of its members are back'),
  DOC_QUORUM_FEW: warning('it does not survive the loss of a node'),

  DOC_QUEUES_LIMITED: warning('each mailbox is a queue: at the limit, unread mail cannot be stored'),
  DOC_QUEUES_FULL: error('unread mail cannot be stored, and private links get no queues'),
  DOC_CONNECTIONS_LIMITED: warning('each private link is a connection: at the limit, clients are refused'),
  DOC_CONNECTIONS_FULL: error('the broker refuses the relay’s connections'),
  DOC_CHANNELS_LIMITED: error('the broker closes the relay’s connection when it opens one channel more'),
  DOC_CHANNEL_MAX: error('with many leases at once, pulls fail'),
  DOC_RESOURCES_SHORT: warning('when they are used up the broker takes no connections, or stops'),
  DOC_FILES_FEW: note('thousands of mailboxes and private links need more'),
  DOC_MESSAGE_SIZE: error('the broker closes a shared link for a message that the relay lets through'),
  DOC_ACK_TIMEOUT: warning(
    'the broker closes a channel on which a message is not acknowledged for consumer_timeout, 30 min by default',
  ),

  DOC_CLOCK_OFF: warning(BAD_TOKENS),
  DOC_CLOCK_WRONG: error(BAD_TOKENS),

  DOC_NODE_ORPHANED: warning(
    'it holds messages for users who are connected elsewhere, or should have them as unread',
  ),
  DOC_NODE_QUEUELESS: error('messages for its users are lost'),

  DOC_INTAKE_WAITING: warning('unread mail is not in the mailboxes, so nobody sees it'),
  DOC_KEEPER_MISSING: error('unread mail does not get into the mailboxes, so nobody sees it'),
  DOC_INTAKE_BEHIND: warning('unread mail comes late into the mailboxes'),
  DOC_REJECTED: warning('somebody publishes what can never be delivered'),
  DOC_MAILBOX_FULL: warning('each message more throws the oldest away'),
  DOC_MAILBOX_SETTINGS: note('its limits are those of the day on which it was made'),

  DOC_PROBE_AMQP: error('so fares what services publish'),
  DOC_PROBE_UNREAD: error('what nobody online takes is not kept'),
  DOC_PROBE_WEB_STOMP: error('so fares what clients send and subscribe to'),
  DOC_PROBE_CLIENT: error('so fares what clients do over private links'),
  DOC_PROBE_BYTES: error('bodies are damaged on their way'),
  DOC_PROBE_SLOW: warning('every message takes that long'),

  DOC_FLOW: note('the broker slows a publisher down, because it cannot keep up'),
  DOC_UNACKED: warning('clients do not prove that they have what they were sent; the relay waits for them'),

  DOC_RELAY_UNREACHABLE: error('clients cannot reach it either'),
  DOC_RELAY_NOT_READY: error('load balancers send nobody there'),
  DOC_RELAY_ELSEWHERE: error('services publish where it does not look'),

  DOC_CHECK_FAILED: error('it could not be told; this is a defect, please report it'),
} as const satisfies Record<string, Meaning>;

export type Code = keyof typeof CODES;
