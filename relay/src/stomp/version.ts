import { ProtocolError } from '../errors.js';
import type { StompVersion } from './frame.js';

/** Newest first: the order of preference. */
export const STOMP_VERSIONS: readonly StompVersion[] = ['1.2', '1.1', '1.0'];

/**
 * The highest version that both sides know (STOMP 1.2, Protocol Negotiation). A CONNECT without
 * `accept-version` comes from a client that only knows 1.0.
 * @throws ProtocolError ERR_UNSUPPORTED_VERSION when there is none; its message lists what is supported.
 */
export function negotiateVersion(
  acceptVersion: string | undefined,
  supported: readonly StompVersion[] = STOMP_VERSIONS,
): StompVersion {
  const accepted = acceptVersion === undefined ? ['1.0'] : acceptVersion.split(',').map((one) => one.trim());
  const common = STOMP_VERSIONS.find((version) => supported.includes(version) && accepted.includes(version));
  if (common === undefined) {
    const list = STOMP_VERSIONS.filter((version) => supported.includes(version))
      .reverse()
      .join(',');
    throw new ProtocolError('ERR_UNSUPPORTED_VERSION', `supported protocol versions are ${list}`);
  }
  return common;
}
