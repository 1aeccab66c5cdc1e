/**
 * One word of a routing key, or one segment of a destination, for any user name: percent-encoded as
 * encodeURIComponent does, with `.` and `*` encoded too (`alice@example.com` → `alice%40example%2Ecom`).
 */
export function encodeUser(name: string): string {
  return encodeURIComponent(name).replace(/[.*]/g, (c) => (c === '.' ? '%2E' : '%2A'));
}
