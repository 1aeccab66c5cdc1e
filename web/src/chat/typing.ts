import { type ReadonlySignal, signal } from '@preact/signals';
import { type Place, placeKey } from './conversations.js';

/** For how long somebody is shown as typing after their last signal: it may be that no "stopped" ever comes. */
export const TYPING_SHOWN = 4000;
/** One signal in so many milliseconds says as much as one for each key. */
export const TYPING_EVERY = 2000;

/** Who is typing where. Nothing of it outlives four seconds. */
export class TypingBoard {
  readonly #typing = signal<ReadonlyMap<string, readonly string[]>>(new Map());
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  /** `placeKey` → names, in the order in which they began. */
  get people(): ReadonlySignal<ReadonlyMap<string, readonly string[]>> {
    return this.#typing;
  }

  heard(place: Place, user: string, typing: boolean): void {
    const timerKey = `${placeKey(place)} ${user}`;
    clearTimeout(this.#timers.get(timerKey));
    this.#timers.delete(timerKey);
    if (typing) {
      this.#timers.set(
        timerKey,
        setTimeout(() => this.heard(place, user, false), TYPING_SHOWN),
      );
    }
    this.#set(placeKey(place), user, typing);
  }

  /** Nobody is typing any more, nor will be by a timer. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#typing.value = new Map();
  }

  #set(key: string, user: string, typing: boolean): void {
    const names = this.#typing.value.get(key) ?? [];
    if (names.includes(user) === typing) return;
    const next = new Map(this.#typing.value);
    const left = typing ? [...names, user] : names.filter((name) => name !== user);
    if (left.length > 0) next.set(key, left);
    else next.delete(key);
    this.#typing.value = next;
  }
}

/** Says that one types, at most once in `TYPING_EVERY`, and once that one stopped. */
export class TypingVoice {
  readonly #say: (place: Place, typing: boolean) => void;
  readonly #now: () => number;
  #place: Place | undefined;
  #saidAt = 0;

  constructor(say: (place: Place, typing: boolean) => void, now: () => number = Date.now) {
    this.#say = say;
    this.#now = now;
  }

  /** At every change of the text. */
  key(place: Place, text: string): void {
    if (text.trim() === '') {
      this.stop();
      return;
    }
    if (this.#place !== undefined && placeKey(this.#place) !== placeKey(place)) this.stop();
    if (this.#place !== undefined && this.#now() - this.#saidAt < TYPING_EVERY) return;
    this.#place = place;
    this.#saidAt = this.#now();
    this.#say(place, true);
  }

  stop(): void {
    const place = this.#place;
    this.#place = undefined;
    if (place !== undefined) this.#say(place, false);
  }
}

/** `bob is typing`, `bob and carol are typing`, `bob, carol and 2 others are typing`. */
export function typingText(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing`;
  if (names.length === 2) return `${first} and ${second} are typing`;
  const others = names.length - 2;
  return `${first}, ${second} and ${others} other${others === 1 ? '' : 's'} are typing`;
}
