/**
 * Microseconds of the machine's monotonic clock. Unlike `performance.now()` it has the same zero in every
 * process, so a time stamped by the publisher can be subtracted in a client.
 */
export function microseconds(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}
