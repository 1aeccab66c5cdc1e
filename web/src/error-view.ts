import { byId } from './dom.js';

/** The one place where errors are shown. It is an alert: a screen reader says it at once. */
export class ErrorView {
  readonly #box = byId('error', HTMLElement);
  readonly #message = byId('error-message', HTMLElement);
  readonly #detail = byId('error-detail', HTMLElement);

  constructor() {
    byId('error-dismiss', HTMLButtonElement).addEventListener('click', () => this.clear());
  }

  show(message: string, detail = ''): void {
    this.#message.textContent = message;
    this.#detail.textContent = detail;
    this.#detail.hidden = detail === '';
    this.#box.hidden = false;
  }

  clear(): void {
    this.#box.hidden = true;
    this.#message.textContent = '';
    this.#detail.textContent = '';
  }
}
