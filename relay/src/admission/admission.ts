import type { Identity } from '../auth/identity.js';

/** One connection's place among those that may be open at a time. */
export interface Seat {
  /**
   * The connection's user is known now.
   * @throws LimitError when this user or their tenant has too many sessions, or opens them too often
   */
  occupy(identity: Identity): void;
  /** The connection has ended. May be called more than once. */
  leave(): void;
}

/** Decides whether one more connection fits. */
export interface Admission {
  /**
   * A client has come.
   * @param address the client's
   * @throws LimitError when this address has too many connections
   */
  enter(address: string): Seat;
}

/** Lets everybody in: for tests and tools. */
export const openDoor: Admission = { enter: () => ({ occupy() {}, leave() {} }) };
