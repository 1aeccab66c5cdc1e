import { ProtocolError, RelayError } from '../errors.js';

/** A frame of a transaction that is done at COMMIT; calls back when the broker has confirmed it. */
export type Action = (done: (error?: RelayError) => void) => void;

interface Transaction {
  actions: Action[];
  bytes: number;
  /** Whether BEGIN was passed on to the private link, because a frame of it went there. */
  onPrivateLink: boolean;
}

const MOST_ACTIONS = 1024;

/**
 * The open transactions of one session (STOMP 1.2, BEGIN). What goes over shared links is kept here until
 * COMMIT; what goes over the private link is in a transaction of the same name there. RabbitMQ's own
 * transactions are no more atomic than that: it, too, replays the frames at COMMIT.
 */
export class Transactions {
  private readonly open = new Map<string, Transaction>();

  constructor(
    private readonly most: number,
    private readonly maxBytes: number,
  ) {}

  begin(name: string): void {
    if (this.open.has(name)) {
      throw new ProtocolError('ERR_BAD_TRANSACTION', 'a transaction of this name is open already');
    }
    if (this.open.size >= this.most) {
      throw new RelayError('ERR_TOO_MANY_TRANSACTIONS', 'too many open transactions', 'limitExceeded');
    }
    this.open.set(name, { actions: [], bytes: 0, onPrivateLink: false });
  }

  add(name: string, bytes: number, action: Action): void {
    const transaction = this.get(name);
    transaction.bytes += bytes;
    if (transaction.actions.length >= MOST_ACTIONS || transaction.bytes > this.maxBytes) {
      throw new RelayError('ERR_TRANSACTION_TOO_LARGE', 'the transaction is too large', 'limitExceeded');
    }
    transaction.actions.push(action);
  }

  /** True the first time: BEGIN is to be passed on. */
  needPrivateLink(name: string): boolean {
    const transaction = this.get(name);
    if (transaction.onPrivateLink) return false;
    transaction.onPrivateLink = true;
    return true;
  }

  take(name: string): Transaction {
    const transaction = this.get(name);
    this.open.delete(name);
    return transaction;
  }

  private get(name: string): Transaction {
    const transaction = this.open.get(name);
    if (!transaction) throw new ProtocolError('ERR_BAD_TRANSACTION', 'no transaction of this name is open');
    return transaction;
  }
}
