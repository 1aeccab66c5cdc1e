import type { ConnectionState } from './connection.js';
import { byId } from './dom.js';

const names: Record<ConnectionState['kind'], string> = {
  disconnected: 'Disconnected',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
};

/** The line at the top that says how the connection stands. */
export class StateView {
  readonly #root = byId('state', HTMLElement);
  readonly #name = part(this.#root, '.state-name');
  readonly #detail = part(this.#root, '.state-detail');

  show(state: ConnectionState): void {
    this.#root.dataset.state = state.kind;
    this.#name.textContent = names[state.kind];
    this.#detail.textContent = describe(state);
    const user = state.kind === 'connected' || state.kind === 'connecting' ? state.user : undefined;
    document.title = user === undefined ? 'STOMP relay' : `${user} · STOMP relay`;
  }
}

function describe(state: ConnectionState): string {
  switch (state.kind) {
    case 'disconnected':
      return state.reason ?? '';
    case 'connecting':
      return state.user === undefined ? '' : `as ${state.user}`;
    case 'connected':
      return `${state.user === undefined ? '' : `as ${state.user}, `}STOMP ${state.version}`;
    case 'reconnecting':
      return `${state.reason}, attempt ${state.attempt}`;
  }
}

function part(root: HTMLElement, selector: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`The page has no ${selector}.`);
  return found;
}
