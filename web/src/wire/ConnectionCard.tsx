import type { ConnectionState } from 'stomp-relay/client';
import { connection, me } from '../session/index.js';
import { duration } from '../ui/duration.js';
import { Card } from '../ui/index.js';
import { useTick } from '../ui/useTick.js';
import { transportName } from './timeline.js';

/** Where the connection stands. Every line is always there: nothing moves when it goes or comes. */
export function ConnectionCard() {
  const state = connection.value;
  const now = useTick(Number.POSITIVE_INFINITY, 250);
  const on = state.status === 'connected' ? state : undefined;
  return (
    <Card title="Connection" data-testid="wire-connection" data-state={state.status}>
      <p class={`wire-state wire-state-${state.status}`}>
        <span class="dot" aria-hidden="true" />
        <span>
          <strong data-testid="wire-status">{titles[state.status]}</strong>
          <span class="wire-state-note muted small numbers">{noteOn(state, now)}</span>
        </span>
      </p>
      <dl class="wire-facts">
        <Fact name="User" value={on?.user ?? me.value} />
        <Fact name="Session" value={on?.session} />
        <Fact name="Relay" value={on?.node} />
        <Fact name="STOMP" value={on?.version} />
        <Fact name="Transport" value={on && transportName(on.transport)} />
        <Fact name="Connected" value={on && `for ${duration(Math.max(0, now - on.since))}`} />
      </dl>
    </Card>
  );
}

const titles: Readonly<Record<ConnectionState['status'], string>> = {
  idle: 'Not connected',
  connecting: 'Connecting …',
  connected: 'Connected',
  waiting: 'Lost, comes back by itself',
  stopped: 'Stopped',
  closed: 'Closed',
};

function noteOn(state: ConnectionState, now: number): string {
  switch (state.status) {
    case 'connecting':
      return `Attempt ${state.attempt}`;
    case 'waiting': {
      const left = Math.max(0, state.retryAt - now);
      return `${state.reason}. Attempt ${state.attempt} in ${(left / 1000).toFixed(1)} s`;
    }
    case 'stopped':
      return state.reason;
    case 'connected':
      return 'Heart-beats go both ways.';
    default:
      return 'Nothing is sent or received.';
  }
}

interface FactProps {
  readonly name: string;
  readonly value: string | undefined;
}

function Fact({ name, value }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="numbers" title={value} data-testid={`wire-${name.toLowerCase()}`}>
        {value || '–'}
      </dd>
    </div>
  );
}
