import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/**
 * The one logger. Everything that could be a secret is removed by name, as a second line of defence: the
 * code passes no tokens, passcodes or URLs with credentials to it in the first place.
 * @param destination standard output unless given
 */
export function createLogger(level: string, destination: DestinationStream = pino.destination(1)): Logger {
  return pino(
    {
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
    },
    destination,
  );
}
