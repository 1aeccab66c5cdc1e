import type { Identity } from '../auth/identity.js';
import { LimitError } from '../errors.js';
import { addressGroup } from '../util/address-group.js';
import { RateByKey, type RateOptions } from '../util/rate-by-key.js';
import type { Admission, Seat } from './admission.js';
import { Counts } from './counts.js';

export interface SeatOptions extends RateOptions {
  /** RELAY_MAX_CONNECTIONS: WebSocket connections in all. */
  readonly connections: number;
  /** RELAY_MAX_SESSIONS_PER_ADDRESS, …_USER and …_TENANT. */
  readonly perAddress: number;
  readonly perUser: number;
  readonly perTenant: number;
  /** RELAY_CONNECT_RATE: sessions per second of one user in the long run. */
  readonly rate: number;
  /** RELAY_CONNECT_BURST: sessions of one user at once. */
  readonly burst: number;
  /** The tenant that a user belongs to; undefined = none, and no limit per tenant. */
  tenantOf(identity: Identity): string | undefined;
  /** Is told the name of the setting whenever one refuses somebody. */
  onLimit(limit: string): void;
}

/** Who waits for somebody else to leave comes back after 5 to 15 s: nobody knows when that will be. */
const SEAT_WAIT = { least: 5, spread: 10 };

/**
 * Counts the connections of this relay by address, user and tenant, and how often each user opens one. A refusal always
 * says "come back later" and never "stop": what is in the way may be a dead connection of the same user that the relay
 * has not found out about yet.
 */
export class Seats implements Admission {
  private taken = 0;
  private readonly addresses: Counts;
  private readonly users: Counts;
  private readonly tenants: Counts;
  private readonly openings: RateByKey;

  constructor(private readonly options: SeatOptions) {
    this.addresses = new Counts(options.perAddress);
    this.users = new Counts(options.perUser);
    this.tenants = new Counts(options.perTenant);
    this.openings = new RateByKey(options.rate, options.burst, options);
  }

  /** Seats that are taken, and the addresses, users and tenants who have them. */
  get sizes(): { seats: number; addresses: number; users: number; tenants: number } {
    const { addresses, users, tenants } = this;
    return { seats: this.taken, addresses: addresses.size, users: users.size, tenants: tenants.size };
  }

  enter(address: string): Seat {
    if (this.taken >= this.options.connections) {
      throw this.full('ERR_TOO_MANY_CONNECTIONS', 'this relay is full', 'RELAY_MAX_CONNECTIONS');
    }
    const group = addressGroup(address);
    if (!this.addresses.hasRoom(group)) {
      const message = 'this address has too many connections with this relay';
      throw this.full('ERR_TOO_MANY_CONNECTIONS', message, 'RELAY_MAX_SESSIONS_PER_ADDRESS');
    }
    this.taken++;
    this.addresses.add(group);
    return this.seat(group);
  }

  private seat(group: string): Seat {
    let left = false;
    let occupant: { user: string; tenant: string | undefined } | undefined;
    return {
      occupy: (identity) => {
        // A client that went while its token was checked: nobody would give back what it is given now.
        if (left || occupant) return;
        occupant = this.admit(identity);
      },
      leave: () => {
        if (left) return;
        left = true;
        this.taken--;
        this.addresses.remove(group);
        if (!occupant) return;
        this.users.remove(occupant.user);
        if (occupant.tenant !== undefined) this.tenants.remove(occupant.tenant);
      },
    };
  }

  private admit(identity: Identity): { user: string; tenant: string | undefined } {
    const user = identity.userWord;
    const tenant = this.options.tenantOf(identity);
    if (!this.users.hasRoom(user)) {
      const message = 'this user has too many sessions with this relay';
      throw this.full('ERR_TOO_MANY_SESSIONS', message, 'RELAY_MAX_SESSIONS_PER_USER');
    }
    if (tenant !== undefined && !this.tenants.hasRoom(tenant)) {
      const message = 'this tenant has too many sessions with this relay';
      throw this.full('ERR_TOO_MANY_SESSIONS', message, 'RELAY_MAX_SESSIONS_PER_TENANT');
    }
    // Last, so that whoever gets no seat does not use up the rate of those who come when there is one.
    const wait = this.openings.take(user);
    if (wait > 0) {
      const message = 'this user opens sessions too often';
      throw this.refusal('ERR_TOO_MANY_CONNECTS', message, 'RELAY_CONNECT_RATE', wait);
    }
    this.users.add(user);
    if (tenant !== undefined) this.tenants.add(tenant);
    return { user, tenant };
  }

  private full(code: string, message: string, limit: string): LimitError {
    const { random = Math.random } = this.options;
    return this.refusal(code, message, limit, SEAT_WAIT.least + random() * SEAT_WAIT.spread);
  }

  private refusal(code: string, message: string, limit: string, seconds: number): LimitError {
    this.options.onLimit(limit);
    const whole = Math.ceil(seconds);
    return new LimitError(code, `${message}: connect again in ${whole} s`, limit, whole);
  }
}
