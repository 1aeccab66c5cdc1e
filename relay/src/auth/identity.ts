/** Who a verified token says its bearer is. */
export interface Identity {
  /** The user name as the token's user claim gives it. */
  readonly user: string;
  /** The same name as one routing-key word (see destination.ts, `userWord`). */
  readonly userWord: string;
  /** All claims of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the token ends, in milliseconds since the epoch; undefined when it carries no `exp`. */
  readonly expiresAt: number | undefined;
  /** Names the token: its `jti`, or a digest of it when it has none. */
  readonly tokenId: string;
}

/** Lets clients in: checks what they show, and whether it still counts. Rejects with an AuthError or a LimitError. */
export interface SignIn {
  /** @param address the client's, against which failures are counted */
  withToken(token: string, address: string): Promise<Identity>;
  /** Uses the ticket up. @param address as above */
  withTicket(ticket: string, address: string): Promise<Identity>;
}

/** Checks a token and says whose it is. Rejects with an AuthError. */
export interface TokenVerifier {
  verify(token: string): Promise<Identity>;
}
