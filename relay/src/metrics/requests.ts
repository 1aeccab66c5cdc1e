/** Methods that are told apart; a client may write any that Node knows, some forty. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);

export interface CountedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: string;
  readonly count: number;
}

/** Counts HTTP requests by route, method and status. */
export class RequestCounts {
  private readonly counts = new Map<string, number>();

  /**
   * @param route one of a bounded number: the pattern of the route, never the path
   * @param status undefined when the client was gone before there was one
   */
  count(method: string, route: string, status: number | undefined): void {
    const key = `${METHODS.has(method) ? method : 'other'} ${status ?? 'none'} ${route}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  *[Symbol.iterator](): Generator<CountedRequest> {
    for (const [key, count] of this.counts) {
      const [method = '', status = '', route = ''] = key.split(' ');
      yield { method, route, status, count };
    }
  }
}
