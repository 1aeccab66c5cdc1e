import { destinations, replyTos, userNames } from './addresses.js';
import { fromClients, fromTheBroker } from './decoding.js';
import { encoding, escaping } from './encoding.js';
import { large } from './large.js';
import { accessFiles, matching, patterns } from './rules.js';
import { sendHeaders } from './send-headers.js';
import type { Target } from './target.js';
import { connectTokens, upgradeTokens } from './tokens.js';
import { contentLengths, heartbeats, versions } from './values.js';

/** Everything that reads what a client writes, before any of it is believed. */
export const targets: readonly Target[] = [
  ...[fromClients, fromTheBroker, encoding, escaping],
  ...[heartbeats, versions, contentLengths],
  ...[destinations, replyTos, userNames, patterns, accessFiles, matching],
  ...[connectTokens, upgradeTokens, sendHeaders, large],
];
