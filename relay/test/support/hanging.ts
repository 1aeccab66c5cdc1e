import { logOutput } from '../../src/log-output.js';
import { createLogger } from '../../src/logger.js';
import { ProcessEnd } from '../../src/process-end.js';

// A process that has something to close which never ends, as a relay would with a fault in it.
const output = logOutput();
const end = ProcessEnd.onSignal(createLogger('info', output.stream), output);
end.closes({ close: () => new Promise(() => {}) });
process.send?.({ type: 'ready' });
