/** Round trips that are kept for the little curve. */
export const SAMPLES_KEPT = 30;

/** One round trip in milliseconds, or undefined when no answer came. */
export type Sample = number | undefined;

export const addSample = (samples: readonly Sample[], sample: Sample): readonly Sample[] =>
  [...samples, sample].slice(-SAMPLES_KEPT);

export interface Latency {
  readonly last: number;
  readonly median: number;
  readonly worst: number;
}

/** Of those that were answered; undefined while there is none. */
export function latencyOf(samples: readonly Sample[]): Latency | undefined {
  const answered = samples.filter((sample) => sample !== undefined);
  const sorted = [...answered].sort((a, b) => a - b);
  const last = answered.at(-1);
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  const worst = sorted.at(-1);
  if (last === undefined || median === undefined || worst === undefined) return undefined;
  return { last, median, worst };
}

/**
 * The curve as the `d` of an SVG path in a box of `width` × `height`, the newest at the right. What was not answered is a gap.
 * The scale is never finer than 10 ms: noise must not look like trouble.
 */
export function curve(samples: readonly Sample[], width: number, height: number): string {
  const top = Math.max(10, ...samples.map((sample) => sample ?? 0));
  const step = width / (SAMPLES_KEPT - 1);
  const begin = SAMPLES_KEPT - samples.length;
  let pen = 'M';
  let path = '';
  samples.forEach((sample, i) => {
    if (sample === undefined) {
      pen = 'M';
      return;
    }
    path += `${pen}${round((begin + i) * step)} ${round(height - (sample / top) * height)}`;
    pen = 'L';
  });
  return path;
}

/** A round trip to read: tenths below ten milliseconds. */
export function ms(n: number): string {
  if (n >= 10_000) return `${(n / 1000).toFixed(1)} s`;
  return n < 10 ? `${n.toFixed(1)} ms` : `${Math.round(n)} ms`;
}

const round = (n: number) => Math.round(n * 10) / 10;
