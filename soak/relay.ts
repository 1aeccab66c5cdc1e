import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { BrokerPlace, Cleanup } from '../bench/environment.js';
import { RelayProcess } from '../bench/relay-process.js';
import { LogReader } from '../fuzz/live/watch.js';
import { inspectorUrl } from './inspector.js';

/** A relay with default limits, into which one can look. */
export interface SoakedRelay {
  process: RelayProcess;
  /** Address of its inspector. */
  inspector: string;
  log: LogReader;
}

/** What Node itself prints each time that somebody looks inside. */
const INSPECTOR = /^(Debugger (listening|attached|ending)|For help, see:).*\n/gm;

export async function startRelay(
  broker: BrokerPlace,
  secret: string,
  cleanup: Cleanup,
  name: string,
  logs: string | undefined,
): Promise<SoakedRelay> {
  const log = new LogReader();
  const file = logs === undefined ? undefined : createWriteStream(join(logs, `${name}.log`));
  let beginning = '';
  const process = await RelayProcess.start(broker, secret, cleanup, {
    execArgv: ['--inspect=127.0.0.1:0'],
    onOutput(text) {
      if (beginning.length < 2000) beginning += text;
      file?.write(text);
      log.read(text.replace(INSPECTOR, ''));
    },
  });
  const inspector = inspectorUrl(beginning);
  if (inspector === undefined) throw new Error('the relay did not say where its inspector listens');
  return { process, inspector, log };
}
