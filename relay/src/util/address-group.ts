/**
 * What limits per address count by: an IPv4 address, or the /64 of an IPv6 one. Whoever has one IPv6 address has all of
 * its /64 (RFC 4291, 2.5.4), and could be somebody else with every connection.
 * @param address as `ClientOrigin.address` is written
 */
export function addressGroup(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const first = head === '' ? [] : head.split(':');
  const last = tail ? tail.split(':') : [];
  // The last two groups may be written as an IPv4 address.
  const written = first.length + last.length + (address.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - written)).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}
