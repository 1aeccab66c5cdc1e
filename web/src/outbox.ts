import { clip } from './body.js';
import type { Connection } from './connection.js';
import { byId, create } from './dom.js';

type Status = 'sending' | 'confirmed' | 'refused' | 'unknown';

interface Sent {
  readonly item: HTMLLIElement;
  readonly status: HTMLElement;
}

/** Messages kept in the list; older ones go. */
const KEPT = 5;
const SHOWN_CHARACTERS = 80;

const statusTexts: Record<Status, string> = {
  sending: 'sending…',
  confirmed: '✓ confirmed by the broker',
  refused: '✗ refused',
  unknown: '? connection lost before the confirmation',
};

/** Sends messages and shows what became of them. */
export class Outbox {
  readonly #connection: Connection;
  readonly #list = byId('outbox', HTMLUListElement);
  /** By receipt: sent and neither confirmed nor refused. */
  readonly #pending = new Map<string, Sent>();
  #counter = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  send(destination: string, body: string): void {
    this.#counter += 1;
    const receipt = `send-${this.#counter}`;
    const sent = render(destination, body);
    this.#pending.set(receipt, sent);
    this.#list.prepend(sent.item);
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove();
    this.#connection.send(destination, body, receipt, () => {
      this.#pending.delete(receipt);
      setStatus(sent, 'confirmed');
    });
  }

  /** Marks the message whose SEND the relay refused. False when the receipt is not of a message. */
  refuse(receipt: string): boolean {
    const sent = this.#pending.get(receipt);
    if (sent === undefined) return false;
    this.#pending.delete(receipt);
    setStatus(sent, 'refused');
    return true;
  }

  /** To be called after every end of a connection: what is not confirmed by now may or may not have got through. */
  lost(): void {
    for (const sent of this.#pending.values()) setStatus(sent, 'unknown');
    this.#pending.clear();
  }
}

function render(destination: string, body: string): Sent {
  const shown = clip(body, SHOWN_CHARACTERS);
  const status = create('span', { class: 'sent-status', testId: 'sent-status' });
  const item = create('li', {
    testId: 'sent',
    children: [
      create('span', { class: 'sent-body', text: shown === body ? body : `${shown}…` }),
      create('code', { text: destination }),
      status,
    ],
  });
  const sent = { item, status };
  setStatus(sent, 'sending');
  return sent;
}

function setStatus(sent: Sent, status: Status): void {
  sent.status.textContent = statusTexts[status];
  sent.item.dataset.status = status;
}
