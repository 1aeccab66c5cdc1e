import { describe, expect, it } from 'vitest';
import { RelayError } from '../../src/errors.js';
import { type Action, Transactions } from '../../src/session/transactions.js';

const action: Action = (done) => done();

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RelayError) return `${error.code} ${error.closure}`;
    throw error;
  }
  return 'no error';
}

describe('a transaction', () => {
  it('keeps its actions in order until it is taken', () => {
    const transactions = new Transactions(2, 1000);
    const [one, two]: Action[] = [(done) => done(), (done) => done()];
    transactions.begin('t');
    if (one) transactions.add('t', 1, one);
    if (two) transactions.add('t', 1, two);
    expect(transactions.take('t')).toMatchObject({ actions: [one, two], onPrivateLink: false });
  });

  it('is open once: no second BEGIN, and after its end nothing', () => {
    const transactions = new Transactions(2, 1000);
    transactions.begin('t');
    expect(code(() => transactions.begin('t'))).toBe('ERR_BAD_TRANSACTION protocolError');
    transactions.take('t');
    expect(code(() => transactions.take('t'))).toBe('ERR_BAD_TRANSACTION protocolError');
    expect(code(() => transactions.add('t', 1, action))).toBe('ERR_BAD_TRANSACTION protocolError');
    expect(code(() => transactions.needPrivateLink('t'))).toBe('ERR_BAD_TRANSACTION protocolError');
    transactions.begin('t');
    expect(transactions.take('t').actions).toEqual([]);
  });

  it('asks for BEGIN on the private link once', () => {
    const transactions = new Transactions(2, 1000);
    transactions.begin('t');
    expect([transactions.needPrivateLink('t'), transactions.needPrivateLink('t')]).toEqual([true, false]);
    expect(transactions.take('t').onPrivateLink).toBe(true);
  });
});

describe('limits', () => {
  it('on open transactions; an ended one makes room', () => {
    const transactions = new Transactions(2, 1000);
    transactions.begin('a');
    transactions.begin('b');
    expect(code(() => transactions.begin('c'))).toBe('ERR_TOO_MANY_TRANSACTIONS limitExceeded');
    transactions.take('a');
    transactions.begin('c');
  });

  it('on the bytes of one', () => {
    const transactions = new Transactions(2, 1000);
    transactions.begin('a');
    transactions.begin('b');
    transactions.add('a', 1000, action);
    transactions.add('b', 1000, action);
    expect(code(() => transactions.add('a', 1, action))).toBe('ERR_TRANSACTION_TOO_LARGE limitExceeded');
  });

  it('on the actions of one, however small', () => {
    const transactions = new Transactions(1, 1000);
    transactions.begin('a');
    for (let i = 0; i < 1024; i++) transactions.add('a', 0, action);
    expect(code(() => transactions.add('a', 0, action))).toBe('ERR_TRANSACTION_TOO_LARGE limitExceeded');
  });
});
