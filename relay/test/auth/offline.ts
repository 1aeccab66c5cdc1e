import { type Auth, type AuthSurroundings, createAuth } from '../../src/auth/create.js';
import { Inbox } from '../../src/broker/inbox.js';
import { RevocationLog } from '../../src/broker/revocation-log.js';
import type { RelayConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';

/**
 * Sign-in as a relay has it whose broker went away after it had started: tickets are given and used here alone, and
 * nothing can be revoked.
 */
export function offlineAuth(config: RelayConfig, around: Partial<AuthSurroundings> = {}): Auth {
  const log = createLogger('silent');
  const inbox = new Inbox(() => {});
  inbox.id = 'test-inbox-1';
  const revocationLog = new RevocationLog(() => {}, log);
  revocationLog.known = true;
  return createAuth(config, {
    inbox,
    revocationLog,
    sessions: [],
    log,
    onLimit() {},
    check() {},
    ...around,
  });
}
