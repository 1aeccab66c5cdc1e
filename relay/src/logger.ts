import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * The one logger. Everything that could be a secret is removed by name, as a second line of defence: the
 * code passes no tokens, passcodes or URLs with credentials to it in the first place.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['token', 'passcode', 'password', 'secret', 'authorization', 'ticket'].flatMap((name) => [
        name,
        `*.${name}`,
      ]),
      censor: '[redacted]',
    },
  });
}
