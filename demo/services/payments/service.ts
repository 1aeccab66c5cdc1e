import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Accepted, Order, Payment } from '../../contract.js';
import type { Database } from '../database.js';
import { event, push } from '../messages.js';
import { Refused } from '../refused.js';
import type { Asked } from '../requests.js';
import { draw } from '../schedule.js';
import type { Behaviour, Parts, ServiceDefinition } from '../service.js';
import { BANK_MS, verdict } from './bank.js';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS payable (id TEXT PRIMARY KEY, user TEXT NOT NULL, quantity INTEGER NOT NULL, paid INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, "order" TEXT NOT NULL, state TEXT NOT NULL, began INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS payments_of_order ON payments ("order");
`;
/** The order was placed a moment ago: word of it may still be on its way from the shop. */
const WORD_OF_ORDER_MS = 2000;
const LOOK_MS = 25;

interface Payable {
  readonly user: string;
  /** 0 or 1 */
  readonly paid: number;
}

export const payments: ServiceDefinition = {
  name: 'payments',
  about: 'answers "accepted" at once, asks the bank, and pushes what the bank says',
  schema: SCHEMA,
  build: (parts) => new Payments(parts).behaviour(),
};

class Payments {
  private readonly database: Database;

  constructor(private readonly parts: Parts) {
    this.database = parts.database;
  }

  behaviour(): Behaviour {
    return {
      requests: {
        'payments.pay': {
          before: (asked) => this.known(asked),
          answer: (asked) => this.pay(asked),
          once: true,
        },
      },
      events: {
        keys: ['order.placed', 'order.paid'],
        handle: ({ content }) => this.owe(content as Order),
      },
      begin: () => {
        const pending = this.database.all<{ id: string }>("SELECT id FROM payments WHERE state = 'pending'");
        for (const { id } of pending) this.askBank(id);
      },
    };
  }

  private owe({ id, user, quantity, state }: Order): void {
    this.database.run(
      'INSERT INTO payable VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET paid = max(paid, excluded.paid)',
      id,
      user,
      quantity,
      state === 'placed' ? 0 : 1,
    );
  }

  private async known({ content }: Asked): Promise<void> {
    const order = content.text('order', 100);
    const deadline = Date.now() + WORD_OF_ORDER_MS;
    while (this.payable(order) === undefined && Date.now() < deadline) await delay(LOOK_MS);
  }

  private payable(order: string): Payable | undefined {
    return this.database.first<Payable>('SELECT user, paid FROM payable WHERE id = ?', order);
  }

  private pay({ user, content }: Asked): Accepted {
    const order = content.text('order', 100);
    // Somebody else's order is none of theirs: the answer is the same as for one that is not there.
    const payable = this.payable(order);
    if (payable?.user !== user) throw new Refused(404, `you have no order ${order}`);
    const before = this.database.first<{ state: string }>(
      `SELECT state FROM payments WHERE "order" = ? AND state <> 'declined'`,
      order,
    );
    if (payable.paid === 1 || before?.state === 'paid') throw new Refused(409, 'it is paid already');
    if (before !== undefined) throw new Refused(409, 'the bank is being asked already');
    const payment = randomUUID();
    this.database.run('INSERT INTO payments VALUES (?, ?, ?, ?)', payment, order, 'pending', Date.now());
    this.askBank(payment);
    return { status: 202, payment };
  }

  private askBank(payment: string): void {
    this.parts.schedule.after(draw(BANK_MS), () => this.bankCallsBack(payment));
  }

  /** The slow part is over: its result goes to the customer, and to the services that wait for it. */
  private bankCallsBack(id: string): void {
    this.database.transaction(() => {
      const row = this.database.first<{ order: string; began: number; user: string; quantity: number }>(
        `SELECT "order", began, user, quantity FROM payments JOIN payable ON payable.id = "order"
         WHERE payments.id = ? AND state = 'pending'`,
        id,
      );
      if (row === undefined) return;
      const state = verdict(row.quantity);
      this.database.run('UPDATE payments SET state = ? WHERE id = ?', state, id);
      const content: Payment = { id, order: row.order, state, took: Date.now() - row.began };
      const said = { from: 'payments', what: 'payment.settled' };
      this.parts.outbox.put(
        push(row.user, 'payments', 'event', { ...said, content }),
        event({ ...said, content: { ...content, user: row.user } }),
      );
    });
    this.parts.outbox.flush();
  }
}
