/** A straight line through samples, by least squares. */
export interface Slope {
  /** Per minute. */
  perMinute: number;
  /** Standard error of it, as far as the samples do not hang together. */
  error: number;
}

/** One value of a series. `seconds`: when it was taken. */
export interface Point {
  seconds: number;
  value: number;
}

/** Errors by which a slope must be above its bound: what only wavers is no leak. */
const SURE = 3;

/** @returns a slope of 0 with an infinite error when the samples do not suffice for one. */
export function slope(points: readonly Point[]): Slope {
  const mean = (pick: (point: Point) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const middle = { seconds: mean(({ seconds }) => seconds), value: mean(({ value }) => value) };
  let spread = 0;
  let together = 0;
  for (const { seconds, value } of points) {
    spread += (seconds - middle.seconds) ** 2;
    together += (seconds - middle.seconds) * (value - middle.value);
  }
  if (points.length < 3 || spread === 0) return { perMinute: 0, error: Number.POSITIVE_INFINITY };
  const perSecond = together / spread;
  const rest = points.reduce(
    (sum, { seconds, value }) => sum + (value - middle.value - perSecond * (seconds - middle.seconds)) ** 2,
    0,
  );
  const error = Math.sqrt(rest / (points.length - 2) / spread);
  return { perMinute: perSecond * 60, error: error * 60 };
}

/** Whether something surely grows by more than `most` a minute. */
export function grows({ perMinute, error }: Slope, most: number): boolean {
  return perMinute - SURE * error > most;
}

/** The samples after the middle of the time. */
export function secondHalf<T extends { seconds: number }>(samples: readonly T[]): T[] {
  const first = samples[0]?.seconds ?? 0;
  const middle = (first + (samples.at(-1)?.seconds ?? 0)) / 2;
  return samples.filter(({ seconds }) => seconds >= middle);
}
