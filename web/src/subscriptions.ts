import type { IMessage } from '@stomp/stompjs';
import type { Connection } from './connection.js';
import { byId, create } from './dom.js';

type Status = 'waiting' | 'active' | 'idle';

interface Subscription {
  readonly destination: string;
  /** The `id` header of the SUBSCRIBE that is in force; a new one for every connection. */
  id: string;
  item: HTMLLIElement;
  status: HTMLElement;
}

const statusTexts: Record<Status, string> = {
  idle: 'not connected',
  waiting: 'subscribing…',
  active: 'active',
};

/** What the page listens to. It is subscribed again after every reconnection. */
export class Subscriptions {
  readonly #connection: Connection;
  readonly #onMessage: (message: IMessage) => void;
  readonly #list = byId('subscriptions', HTMLUListElement);
  readonly #subscriptions = new Map<string, Subscription>();
  #counter = 0;

  constructor(connection: Connection, onMessage: (message: IMessage) => void) {
    this.#connection = connection;
    this.#onMessage = onMessage;
  }

  add(destination: string): void {
    if (destination === '' || this.#subscriptions.has(destination)) return;
    const status = create('span', { class: 'subscription-status', testId: 'subscription-status' });
    const remove = create('button', { class: 'quiet', text: 'Remove', testId: 'unsubscribe' });
    remove.type = 'button';
    remove.setAttribute('aria-label', `Remove ${destination}`);
    const name = create('code', { text: destination });
    const item = create('li', { testId: 'subscription', children: [name, status, remove] });
    const subscription: Subscription = { destination, id: '', item, status };
    remove.addEventListener('click', () => this.#remove(subscription));
    this.#subscriptions.set(destination, subscription);
    this.#list.append(item);
    if (this.#connection.connected) this.#subscribe(subscription);
    else setStatus(subscription, 'idle');
  }

  /** To be called after every CONNECTED. */
  resume(): void {
    for (const subscription of this.#subscriptions.values()) this.#subscribe(subscription);
  }

  /** To be called after every end of a connection. */
  pause(): void {
    for (const subscription of this.#subscriptions.values()) setStatus(subscription, 'idle');
  }

  /**
   * Drops the subscription whose SUBSCRIBE the relay refused, so that the next connection does not fail
   * by it again. Returns its destination, or undefined when the receipt is not of a subscription.
   */
  refuse(receipt: string): string | undefined {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.id !== receipt) continue;
      this.#forget(subscription);
      return subscription.destination;
    }
    return undefined;
  }

  #subscribe(subscription: Subscription): void {
    this.#counter += 1;
    const id = `subscription-${this.#counter}`;
    subscription.id = id;
    setStatus(subscription, 'waiting');
    this.#connection.subscribe(subscription.destination, id, this.#onMessage, () => {
      if (subscription.id === id) setStatus(subscription, 'active');
    });
  }

  #remove(subscription: Subscription): void {
    const neighbour = subscription.item.nextElementSibling ?? subscription.item.previousElementSibling;
    const next = neighbour?.querySelector('button') ?? byId('destination', HTMLInputElement);
    if (this.#connection.connected) this.#connection.unsubscribe(subscription.id);
    this.#forget(subscription);
    // The focus was on the button that is gone; a keyboard user would start over at the top.
    next.focus();
  }

  #forget(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.destination);
    subscription.item.remove();
  }
}

function setStatus(subscription: Subscription, status: Status): void {
  subscription.status.textContent = statusTexts[status];
  subscription.item.dataset.status = status;
}
