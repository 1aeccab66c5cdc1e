import type { Inbox } from '../broker/inbox.js';
import type { RevocationLog } from '../broker/revocation-log.js';
import type { RelayConfig } from '../config.js';
import type { Logger } from '../logger.js';
import { BackchannelLogout } from './backchannel.js';
import { configuredKeys, configuredVerifier, verifierWith } from './configured.js';
import { Failures } from './failures.js';
import type { Identity, SignIn } from './identity.js';
import { createLogoutVerifier } from './logout-token.js';
import type { DatedRevocation } from './revocation.js';
import { Revocations } from './revocations.js';
import { createSignIn } from './sign-in.js';
import { type Held, SignOut } from './sign-out.js';
import { TicketStore } from './ticket-store.js';
import { Tickets } from './tickets.js';

/** Everything that decides who gets in, and until when. */
export interface Auth {
  readonly signIn: SignIn;
  readonly failures: Failures;
  readonly tickets: Tickets;
  readonly revocations: Revocations;
  /** Has something revoked by all relays; resolves with how many sessions of this one it has ended. */
  revoke(revocation: DatedRevocation): Promise<number>;
  readonly logout: BackchannelLogout;
}

export interface AuthSurroundings {
  readonly inbox: Inbox;
  readonly revocationLog: RevocationLog;
  readonly sessions: Iterable<Held>;
  readonly log: Logger;
  /** Is told the name of a setting that refuses somebody. */
  onLimit(limit: string): void;
  /** Throws an AuthError for an identity that must not get in, though its token is good. */
  check(identity: Identity): void;
}

/** @throws Error naming the setting that is wrong. */
export function createAuth(config: RelayConfig, around: AuthSurroundings): Auth {
  const { env } = config;
  const { inbox, revocationLog, sessions, log, onLimit, check } = around;
  const keys = configuredKeys(config);
  const verifier = configuredVerifier(config, keys);
  for (const warning of verifier.warnings) log.warn(warning);
  const failures = new Failures({ most: env.RELAY_MAX_AUTH_FAILURES, onLimit });
  const store = new TicketStore({ time: env.RELAY_TICKET_TIME, most: env.RELAY_MAX_TICKETS, onLimit });
  const tickets = new Tickets(store, inbox);
  const revocations = new Revocations({ time: env.RELAY_REVOCATION_TIME });
  const signOut = new SignOut({
    revocations,
    sessions,
    dropTickets: (isOut) => tickets.dropIf(isOut),
    revokeEverywhere: (revocation) => revocationLog.post(revocation),
    log,
  });
  revocationLog.follow(signOut);
  const signIn = createSignIn({
    verifier: verifierWith(verifier, check),
    revocations,
    tickets,
    failures,
    isReady: () => revocationLog.known,
  });
  const revoke = async (revocation: DatedRevocation): Promise<number> => {
    try {
      return await revocationLog.publish(revocation);
    } catch (error) {
      // The other relays cannot be told now; whoever is here need not stay for that.
      signOut.add(revocation);
      signOut.apply();
      throw error;
    }
  };
  const audience = env.RELAY_LOGOUT_AUDIENCE ?? env.RELAY_JWT_AUDIENCE;
  const verifyLogout = createLogoutVerifier(keys, { issuer: env.RELAY_JWT_ISSUER, audience });
  return {
    signIn,
    failures,
    tickets,
    revocations,
    revoke,
    logout: new BackchannelLogout(verifyLogout, revoke),
  };
}
