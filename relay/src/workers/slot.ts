import { createHash } from 'node:crypto';
import type { SessionPath } from '../transport/sockjs/paths.js';

/** Which worker has a SockJS session: the same for every worker that is asked, and for its replacement. */
export function slotOf({ server, session }: SessionPath, workers: number): number {
  return createHash('sha256').update(`${server}/${session}`).digest().readUInt32BE(0) % workers;
}
