import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { connection, offline } from '../session/index.js';
import { href } from './route.js';
import { statusWords } from './status.js';

/** Where the connection stands, on every page; leads to the wire view. */
export function ConnectionPill() {
  const now = useSignal(Date.now());
  const state = connection.value;
  const waiting = state.status === 'waiting';
  useEffect(() => {
    if (!waiting) return;
    const tick = () => {
      now.value = Date.now();
    };
    tick();
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [waiting, now]);
  const { text, tone, detail } = statusWords(state, now.value, offline.value);
  return (
    <a
      class={`pill pill-${tone}`}
      href={href('wire')}
      title={detail}
      aria-label={`Connection: ${text}`}
      data-testid="connection"
      data-state={offline.value ? 'offline' : state.status}
      data-transport={state.status === 'connected' ? state.transport : undefined}
    >
      <span class="dot" />
      <span class="pill-text numbers">{text}</span>
    </a>
  );
}
