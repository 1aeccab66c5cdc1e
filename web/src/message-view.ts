import type { IMessage } from '@stomp/stompjs';
import { showBody } from './body.js';
import { byId, create } from './dom.js';

/** Messages kept on the page; older ones go. */
const KEPT = 200;

/** The messages that arrived, newest first. */
export class MessageView {
  readonly #list = byId('messages', HTMLOListElement);
  readonly #empty = byId('empty', HTMLElement);
  readonly #count = byId('message-count', HTMLElement);
  #total = 0;

  constructor() {
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.clear());
  }

  add(message: IMessage): void {
    this.#list.prepend(render(message));
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove();
    this.#total += 1;
    this.#update();
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#total = 0;
    this.#update();
  }

  #update(): void {
    this.#empty.hidden = this.#total > 0;
    this.#count.textContent = this.#total.toLocaleString('en');
  }
}

function render(message: IMessage): HTMLLIElement {
  const sender = message.headers['relay-user'];
  const from = create('span', { class: 'from', text: sender ?? 'a service', testId: 'message-from' });
  // Without the header it came over AMQP: the relay sets it on everything that users send.
  if (sender === undefined) from.classList.add('from-service');
  const destination = create('span', {
    class: 'destination',
    text: message.headers.destination ?? '',
    testId: 'message-destination',
  });
  const unread = create('span', { class: 'unread', text: 'unread', testId: 'message-unread' });
  const now = new Date();
  const time = create('time', { text: now.toLocaleTimeString([], { hour12: false }) });
  time.dateTime = now.toISOString();

  const head =
    message.headers.unread === 'true' ? [from, destination, unread, time] : [from, destination, time];

  const { text, binary, note } = showBody(message.binaryBody);
  const children: Element[] = [create('p', { class: 'message-head', children: head })];
  if (text !== '')
    children.push(
      create('pre', { class: binary ? 'message-body binary' : 'message-body', text, testId: 'message-body' }),
    );
  if (note !== undefined) children.push(create('p', { class: 'hint', text: note, testId: 'message-note' }));
  return create('li', { class: 'message', testId: 'message', children });
}
