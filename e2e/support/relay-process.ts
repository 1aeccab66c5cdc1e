import { RelayProcess } from '../../relay/playwright/relay-process.js';
import { childLog } from './child-log.js';

export type { RelayProcess } from '../../relay/playwright/relay-process.js';

/** A relay in a process of its own, whose output is kept. */
export function startRelay(settings: Readonly<Record<string, string>>): Promise<RelayProcess> {
  return RelayProcess.start(settings, childLog('relay'));
}
