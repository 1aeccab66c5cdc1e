/** What to do after a close: come back as it is, fetch a new token first, or give up. */
export type Advice = 'retry' | 'new-token' | 'stop';

const NEW_TOKEN: readonly number[] = [4401, 4410, 4411];
/** 1000 answers a DISCONNECT; 1009 is for a message far over the limit. */
const STOP: readonly number[] = [1000, 1009, 4400, 4403, 4413, 4430, 4502];

/** The table of close codes in PROTOCOL.md. Codes that it does not have come from networks and proxies: retry. */
export function advise(closeCode: number): Advice {
  if (NEW_TOKEN.includes(closeCode)) return 'new-token';
  return STOP.includes(closeCode) ? 'stop' : 'retry';
}
