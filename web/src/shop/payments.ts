import type { Payment } from '../../../demo/contract.js';

/** How far paying for one order is. Times are milliseconds since the epoch. */
export type Paying =
  | { readonly phase: 'asking' }
  /** Accepted with 202: the bank has not answered yet. */
  | { readonly phase: 'accepted'; readonly payment: string; readonly at: number }
  | { readonly phase: 'paid' | 'declined'; readonly payment: string; readonly took: number }
  | { readonly phase: 'refused'; readonly message: string };

/** The 202. The pushed result may overtake it: then it is old news. */
export function accepted(now: Paying | undefined, payment: string, at: number): Paying {
  const settled = now?.phase === 'paid' || now?.phase === 'declined';
  return settled && now.payment === payment ? now : { phase: 'accepted', payment, at };
}

/** The pushed result. One of an earlier attempt, pulled late, says nothing about the attempt that is under way. */
export function settled(now: Paying | undefined, payment: Payment): Paying {
  if (now?.phase === 'accepted' && now.payment !== payment.id) return now;
  if (now?.phase === 'paid') return now;
  return { phase: payment.state, payment: payment.id, took: payment.took };
}

/** Whether the button may be pressed: not paid for, and nothing under way. */
export function mayPay(now: Paying | undefined): boolean {
  return now === undefined || now.phase === 'declined' || now.phase === 'refused';
}
