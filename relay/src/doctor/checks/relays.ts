import type { Check } from '../check.js';
import type { Examination } from '../examination.js';
import { found, measured, type Told } from '../finding.js';
import { skewOf } from '../management.js';
import { judgeClock } from './clock.js';

interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, { readonly up: boolean; readonly error?: string }>>;
}

export const relays: Check = {
  name: 'relays',
  about: 'the relays themselves',
  async *run(examination) {
    for (const url of examination.relays) yield* lookAt(url, examination);
  },
};

async function* lookAt(url: string, examination: Examination): AsyncGenerator<Told> {
  let state: Readiness;
  let status: number;
  try {
    const sent = Date.now();
    const response = await fetch(new URL('/readyz', url), {
      signal: AbortSignal.timeout(examination.timeout),
    });
    ({ status } = response);
    state = (await response.json()) as Readiness;
    yield* judgeClock(
      `the relay ${url}`,
      skewOf(response.headers.get('date') ?? undefined, sent, Date.now()),
    );
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    yield found(
      'DOC_RELAY_UNREACHABLE',
      `${url} does not answer as a relay: ${(cause as Error).message}`,
      'start it, or name the right address: RELAY_HOST and RELAY_PORT say where it listens',
    );
    return;
  }
  yield measured(url, status === 200 ? 'ready' : 'not ready');
  const down = Object.entries(state.parts ?? {}).filter(([, { up }]) => !up);
  if (status !== 200) {
    const parts = down.map(([name, { error }]) => `${name}: ${error ?? 'not up'}`);
    yield found(
      'DOC_RELAY_NOT_READY',
      `${url} is not ready: ${parts.join('; ')}`,
      'what is said above of the broker; if nothing is, compare the settings of the relay with those here',
    );
  } else if (!(await examination.hasKeeper())) {
    yield found(
      'DOC_RELAY_ELSEWHERE',
      `${url} is ready, and no relay is at this broker and virtual host`,
      'compare RABBITMQ_URL of the relay with the one here',
    );
  }
}
