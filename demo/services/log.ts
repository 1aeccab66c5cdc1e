/** What a service says about itself: one line of JSON each, on standard error. */
export interface Log {
  info(message: string, details?: Details): void;
  warn(message: string, details?: Details): void;
}

export type Details = Readonly<Record<string, string | number | undefined>>;

/** @param quiet leaves out what is no trouble */
export function lineLog(service: string, quiet = false): Log {
  const write = (level: 'info' | 'warn') => (message: string, details?: Details) => {
    if (quiet && level === 'info') return;
    process.stderr.write(
      `${JSON.stringify({ time: new Date().toISOString(), level, service, message, ...details })}\n`,
    );
  };
  return { info: write('info'), warn: write('warn') };
}

/** The text of an error: never its stack or properties, in which a URL with a password may stand. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\/\/[^/@\s]*@/g, '//');
}
