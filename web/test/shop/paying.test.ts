import { describe, expect, it } from 'vitest';
import type { Payment } from '../../../demo/contract.js';
import { accepted, mayPay, settled } from '../../src/shop/payments.js';

const paid: Payment = { id: 'p1', order: 'A', state: 'paid', took: 2500 };
const declined: Payment = { ...paid, state: 'declined' };

describe('paying', () => {
  it('is asked, accepted, and settled by the push', () => {
    const now = accepted({ phase: 'asking' }, 'p1', 10);
    expect(now).toEqual({ phase: 'accepted', payment: 'p1', at: 10 });
    expect(mayPay(now)).toBe(false);
    expect(settled(now, paid)).toEqual({ phase: 'paid', payment: 'p1', took: 2500 });
  });

  it('keeps a result that overtook the 202', () => {
    const now = settled({ phase: 'asking' }, declined);
    expect(accepted(now, 'p1', 10)).toEqual({ phase: 'declined', payment: 'p1', took: 2500 });
  });

  it('does not take the result of an earlier attempt for that of this one', () => {
    const second = accepted(settled({ phase: 'asking' }, declined), 'p2', 20);
    expect(settled(second, declined)).toEqual({ phase: 'accepted', payment: 'p2', at: 20 });
    expect(settled(second, { ...paid, id: 'p2' })?.phase).toBe('paid');
  });

  it('stays paid when an old refusal comes late', () => {
    const now = settled(undefined, paid);
    expect(settled(now, { ...declined, id: 'p0' })).toEqual({ phase: 'paid', payment: 'p1', took: 2500 });
  });

  it('may be tried again after it was declined or refused only', () => {
    expect(mayPay(undefined)).toBe(true);
    expect(mayPay({ phase: 'asking' })).toBe(false);
    expect(mayPay(settled(undefined, declined))).toBe(true);
    expect(mayPay({ phase: 'refused', message: 'no' })).toBe(true);
    expect(mayPay(settled(undefined, paid))).toBe(false);
  });
});
