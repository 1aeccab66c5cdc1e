import { inboxOf } from './destination.js';
import { byId } from './dom.js';

/** The form that writes to a user or to a topic. */
export class SendForm {
  readonly #kindUser = byId('kind-user', HTMLInputElement);
  readonly #receiver = byId('receiver', HTMLInputElement);
  readonly #topic = byId('topic', HTMLInputElement);
  readonly #text = byId('text', HTMLTextAreaElement);
  readonly #button = byId('send-button', HTMLButtonElement);

  /** `send` gets the destination and the text; it is called only while the form is enabled. */
  constructor(send: (destination: string, text: string) => void) {
    const form = byId('send', HTMLFormElement);
    form.addEventListener('input', () => this.#update());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#button.disabled) {
        send(this.#destination(), this.#text.value);
        this.#text.value = '';
        this.#text.focus();
      }
    });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#update();
  }

  enable(on: boolean): void {
    this.#button.disabled = !on;
    byId('text-hint', HTMLElement).textContent = on ? 'Ctrl + Enter sends it.' : 'Connect first, then send.';
  }

  #destination(): string {
    return this.#kindUser.checked ? inboxOf(this.#receiver.value) : this.#topic.value.trim();
  }

  #update(): void {
    const toUser = this.#kindUser.checked;
    byId('receiver-field', HTMLElement).hidden = !toUser;
    byId('topic-field', HTMLElement).hidden = toUser;
    this.#receiver.required = toUser;
    this.#topic.required = !toUser;
    const hint = byId('send-destination', HTMLElement);
    hint.hidden = !toUser;
    hint.textContent = `goes to ${this.#destination()}`;
  }
}
