/** What went to and from clients. Bytes are those of STOMP frames, without what WebSocket, SockJS and TLS add. */
export interface Traffic {
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
}

/** A session as far as its traffic goes. */
export interface TrafficSource {
  readonly traffic: Traffic;
  /** Undefined when it has no private link. */
  readonly existingPrivate: unknown;
}

/**
 * The traffic of sessions that have ended and of those that are open. Nothing is added up while frames flow: the sessions
 * count for themselves, and are asked when somebody wants to know.
 */
export class TrafficTotals {
  private readonly ended: Traffic = { framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0 };

  /** The session has ended and counts no further. */
  add(traffic: Traffic): void {
    addTo(this.ended, traffic);
  }

  total(open: Iterable<TrafficSource>): Traffic & { privateLinks: number } {
    const total = { ...this.ended, privateLinks: 0 };
    for (const session of open) {
      addTo(total, session.traffic);
      if (session.existingPrivate !== undefined) total.privateLinks++;
    }
    return total;
  }
}

function addTo(total: Traffic, { framesIn, bytesIn, framesOut, bytesOut }: Traffic): void {
  total.framesIn += framesIn;
  total.bytesIn += bytesIn;
  total.framesOut += framesOut;
  total.bytesOut += bytesOut;
}
