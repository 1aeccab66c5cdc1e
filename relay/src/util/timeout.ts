/** Something has taken too long. */
export class TimeoutError extends Error {
  constructor(what: string, milliseconds: number) {
    super(`${what} took more than ${milliseconds / 1000} s`);
    this.name = 'TimeoutError';
  }
}

/** @throws TimeoutError when `work` is not done in time; it goes on all the same, and nobody hears of its end. */
export async function withTimeout<T>(work: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(what, milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
