import type { ConnectionState } from './connection.js';
import { byId } from './dom.js';
import { demoTokens, pastedToken, type TokenSource } from './token.js';

const buttonTexts: Record<ConnectionState['kind'], string> = {
  disconnected: 'Connect',
  connecting: 'Cancel',
  connected: 'Disconnect',
  reconnecting: 'Stop trying',
};

/** The form that chooses who to be, and the button that connects and disconnects. */
export class SignIn {
  readonly #demo = byId('method-demo', HTMLInputElement);
  readonly #pasted = byId('method-token', HTMLInputElement);
  readonly #user = byId('user', HTMLSelectElement);
  readonly #token = byId('token', HTMLTextAreaElement);
  readonly #button = byId('connect', HTMLButtonElement);

  constructor(pressed: () => void) {
    const form = byId('sign-in', HTMLFormElement);
    form.addEventListener('change', () => this.#update());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      pressed();
    });
    this.#chooseFromAddress();
    this.#update();
  }

  tokens(): TokenSource {
    return this.#demo.checked ? demoTokens(this.#user.value) : pastedToken(this.#token.value);
  }

  show(state: ConnectionState): void {
    this.#button.textContent = buttonTexts[state.kind];
    byId('sign-in-fields', HTMLFieldSetElement).disabled = state.kind !== 'disconnected';
  }

  /** Demo mode is off: only a token helps. */
  demoOff(): void {
    this.#demo.disabled = true;
    this.#pasted.checked = true;
    this.#update();
    this.#token.focus();
  }

  #update(): void {
    const demo = this.#demo.checked;
    byId('user-field', HTMLElement).hidden = !demo;
    byId('token-field', HTMLElement).hidden = demo;
    this.#token.required = !demo;
  }

  /** `?user=erin` chooses erin, so that a link can open the page for a certain user. */
  #chooseFromAddress(): void {
    const user = new URLSearchParams(location.search).get('user')?.trim();
    if (user === undefined || user === '') return;
    const known = Array.from(this.#user.options).some((option) => option.value === user);
    if (!known) this.#user.add(new Option(user, user));
    this.#user.value = user;
  }
}
