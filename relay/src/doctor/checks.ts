import type { Check } from './check.js';
import { alarms } from './checks/alarms.js';
import { amqp } from './checks/amqp.js';
import { client } from './checks/client.js';
import { clock } from './checks/clock.js';
import { connection } from './checks/connection.js';
import { intake } from './checks/intake.js';
import { limits } from './checks/limits.js';
import { mailboxes } from './checks/mailboxes.js';
import { management } from './checks/management.js';
import { nodes } from './checks/nodes.js';
import { permissions } from './checks/permissions.js';
import { plugins } from './checks/plugins.js';
import { policies } from './checks/policies.js';
import { probe } from './checks/probe.js';
import { quorum } from './checks/quorum.js';
import { relays } from './checks/relays.js';
import { resources } from './checks/resources.js';
import { serving } from './checks/serving.js';
import { topology } from './checks/topology.js';
import { version } from './checks/version.js';
import { webStomp } from './checks/web-stomp.js';

/** All of them, in the order in which they are told. */
export const CHECKS: readonly Check[] = [
  ...[amqp, webStomp, management, version, plugins],
  ...[alarms, quorum, resources, connection, limits, clock],
  ...[permissions, client, topology, policies],
  ...[nodes, intake, mailboxes, probe, serving, relays],
];
