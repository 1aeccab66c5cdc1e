import { expect, it } from 'vitest';
import { type Advice, type Closure, closures } from '../src/closures.js';
import { protocolTable } from './support/protocol.js';

const rows = protocolTable(/\| code \| name \| what a client should do \|/);
const table: [string, Closure][] = Object.entries(closures);

it('has one code for each name', () => {
  expect(new Set(table.map(([, { code }]) => code)).size).toBe(table.length);
});

it.each(table)('%s can be sent', (_name, { code, reason }) => {
  // RFC 6455, 7.4: what an endpoint may send; 5.5: a control frame has 125 bytes, two of which are the code.
  expect([1000, 1001, 1011].includes(code) || (code >= 4000 && code <= 4999)).toBe(true);
  expect(reason).not.toBe('');
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
});

it('is what PROTOCOL.md says: the same names and codes', () => {
  const documented = rows.filter(([, name]) => name !== '–').map(([code, name]) => [name, Number(code)]);
  expect(Object.fromEntries(documented)).toEqual(
    Object.fromEntries(table.map(([name, { code }]) => [name, code])),
  );
});

it('gives the advice that PROTOCOL.md gives', () => {
  const said: Record<Advice, RegExp> = {
    retry: /^connect again/,
    'new-token': /^fetch a new token/,
    stop: /^(stop|nothing)/,
  };
  for (const [, name = '', advice] of rows) {
    const closure = table.find(([each]) => each === name)?.[1];
    if (closure) expect(advice, name).toMatch(said[closure.advice]);
  }
});
