import { describe, expect, it } from 'vitest';
import { closures } from '../../relay/src/closures.js';
import { judgeClose } from '../src/close.js';

const demo = { canRenewToken: true, wasConnected: true };
const pasted = { canRenewToken: false, wasConnected: true };

describe('judgeClose', () => {
  it('follows the advice of the table for every code but a plain 1000', () => {
    for (const { code, reason, advice } of Object.values(closures)) {
      if (code === 1000) continue;
      const verdict = judgeClose(code, reason, pasted);
      expect(verdict.reconnect, reason).toBe(advice === 'retry');
      expect(verdict.reason).toBe(`${reason} (code ${code})`);
    }
  });

  it('comes back with a new token where it can get one', () => {
    expect(judgeClose(4410, 'token expired', demo).reconnect).toBe(true);
    expect(judgeClose(4410, 'token expired', pasted).reconnect).toBe(false);
  });

  it('gives up when a fresh token is refused', () => {
    expect(judgeClose(4401, 'token refused', { ...demo, wasConnected: false }).reconnect).toBe(false);
  });

  it('comes back after a broken connection and after codes that it does not know', () => {
    for (const code of [1000, 1005, 1006, 1012, 4001, 4999])
      expect(judgeClose(code, '', pasted).reconnect).toBe(true);
  });

  it('has a reason for a close that carries none', () => {
    expect(judgeClose(1006, '', demo).reason).toContain('cannot be reached (code 1006)');
    expect(judgeClose(4403, '', demo).reason).toBe('not allowed by policy (code 4403)');
    expect(judgeClose(4999, '', demo).reason).toBe('closed (code 4999)');
  });
});
