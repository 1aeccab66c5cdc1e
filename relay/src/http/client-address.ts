import type { IncomingMessage } from 'node:http';
import { isIP, SocketAddress } from 'node:net';
import { TLSSocket } from 'node:tls';
import { compile } from 'proxy-addr';

/** How a request reached us, seen from the client. */
export interface ClientOrigin {
  /** IPv4 dotted, or IPv6 in its one short form, without a zone; `unknown` when the connection is gone. */
  readonly address: string;
  /** Whether the client spoke TLS, with us or with the proxy. */
  readonly secure: boolean;
  /** The host that the client asked for, with its port if it named one; undefined when there is none that can be one. */
  readonly host: string | undefined;
}

export type ClientOriginOf = (request: IncomingMessage) => ClientOrigin;

/** Names that stand for ranges; everything else must be an address or a range. */
const RANGES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** RFC 3986, 3.2.2 and 3.2.3, without user information and percent-encoding, which no Host of ours has. */
const HOST = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Some proxies add the port of the client: `192.0.2.7:4711`, `[2001:db8::7]:4711`, `[2001:db8::7]`. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+):\d{1,5}|\[([^\]]*)\](?::\d{1,5})?)$/;

/**
 * Says of requests, upgrades included, who sent them. `X-Forwarded-For`, `-Proto` and `-Host` count only when a trusted
 * proxy sent them; `Forwarded` (RFC 7239) never does, so that nobody can use the one that the proxy leaves alone.
 * @param trusted RELAY_TRUSTED_PROXIES: addresses, ranges (`10.0.0.0/8`), `loopback`, `linklocal`, `uniquelocal`.
 * @param onIgnored is told, once, the address of a peer whose `X-Forwarded-For` did not count.
 * @throws Error naming RELAY_TRUSTED_PROXIES and the entry that is neither.
 */
export function createClientOrigin(
  trusted: readonly string[],
  onIgnored: (peer: string) => void = () => {},
): ClientOriginOf {
  const isTrusted = compileTrust(trusted);
  let told = false;
  return ({ socket, headers }) => {
    const peer = plainAddress(socket.remoteAddress ?? '') ?? 'unknown';
    const encrypted = socket instanceof TLSSocket;
    const chain = headers['x-forwarded-for'];
    if (!isTrusted(peer)) {
      if (chain !== undefined && !told) {
        told = true;
        onIgnored(peer);
      }
      return { address: peer, secure: encrypted, host: plausibleHost(headers.host) };
    }
    const scheme = lastOf(headers['x-forwarded-proto'])?.toLowerCase();
    return {
      address: clientOf(peer, joined(chain), isTrusted),
      secure: scheme ? scheme === 'https' || scheme === 'wss' : encrypted,
      host: plausibleHost(lastOf(headers['x-forwarded-host'])) ?? plausibleHost(headers.host),
    };
  };
}

type Trust = (address: string) => boolean;

function compileTrust(trusted: readonly string[]): Trust {
  for (const entry of trusted) {
    try {
      // proxy-addr also reads `10/8`, as the range around 0.0.0.10: nobody who writes it means that.
      if (!RANGES.has(entry) && isIP(entry.split('/', 1)[0] ?? '') === 0) throw new Error('no address');
      compile(entry);
    } catch {
      throw new Error(
        `RELAY_TRUSTED_PROXIES: "${entry}" is not the address of a proxy; write 192.0.2.7, 10.0.0.0/8, ` +
          'loopback, linklocal or uniquelocal (names of hosts are not looked up)',
      );
    }
  }
  const matches = compile([...trusted]);
  return (address) => matches(address, 0);
}

/**
 * The right-most address that no trusted proxy has: each proxy writes its peer at the right end, and what is left of
 * an untrusted one is that one's own claim. Read from the right, so that a long forged list costs nothing.
 */
function clientOf(peer: string, chain: string, isTrusted: Trust): string {
  let client = peer;
  let end = chain.length;
  while (end > 0) {
    const comma = chain.lastIndexOf(',', end - 1);
    const address = plainAddress(chain.slice(comma + 1, end).trim());
    // No address: the proxy does not know, or hides it. Then it stands for all its clients.
    if (address === undefined) break;
    client = address;
    if (!isTrusted(address)) break;
    end = comma;
  }
  return client;
}

/** One spelling for each address, because limits count by it; undefined for what is none. */
function plainAddress(text: string): string | undefined {
  const [, ipv4, ipv6] = WITH_PORT.exec(text) ?? [];
  const bare = ipv4 ?? ipv6 ?? text;
  const family = isIP(bare);
  if (family === 0) return undefined;
  if (family === 4) return bare;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : '';
  return isIP(mapped) === 4 ? mapped : address;
}

/** Of a list, what the nearest proxy wrote: everything before it may have come from the client. */
function lastOf(header: string | string[] | undefined): string | undefined {
  const text = joined(header);
  return text.slice(text.lastIndexOf(',') + 1).trim() || undefined;
}

function joined(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(',') : (header ?? '');
}

/** What cannot be a host is as good as none, so that nobody can put a path or a second host into an address made of it. */
function plausibleHost(host: string | undefined): string | undefined {
  return host !== undefined && HOST.test(host) ? host : undefined;
}
