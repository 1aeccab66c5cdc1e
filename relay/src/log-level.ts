import type { Logger } from './logger.js';

/** What a signal goes through, and what may be asked for. */
export const LEVELS = ['info', 'debug', 'trace'] as const;
export type Level = (typeof LEVELS)[number];

/** How much a process logs, while it runs. */
export class LogLevel {
  private readonly configured: string;
  private timer: NodeJS.Timeout | undefined;

  /** @param log has the level of RELAY_LOG_LEVEL, to which it goes back */
  constructor(private readonly log: Logger) {
    this.configured = log.level;
  }

  /** SIGUSR2 goes one level on. Until it is listened to, that signal ends a process. */
  static onSignal(log: Logger): LogLevel {
    const level = new LogLevel(log);
    process.on('SIGUSR2', () => level.next());
    return level;
  }

  get current(): string {
    return this.log.level;
  }

  /** @param seconds after which the configured level is back; undefined: when it is asked for */
  set(level: Level, seconds?: number): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.change(level);
    if (seconds === undefined) return;
    this.timer = setTimeout(() => this.change(this.configured), seconds * 1000);
    this.timer.unref();
  }

  /** From info to debug, to trace, and back. */
  next(): void {
    const at = LEVELS.indexOf(this.log.level as Level);
    this.set(LEVELS[(at + 1) % LEVELS.length] ?? 'info');
  }

  private change(level: string): void {
    const former = this.log.level;
    if (former === level) return;
    const tell = () => this.log.warn({ from: former, to: level }, 'log level changed');
    // While more is logged of the two.
    const before = this.log.isLevelEnabled('warn');
    if (before) tell();
    this.log.level = level;
    if (!before) tell();
  }
}
