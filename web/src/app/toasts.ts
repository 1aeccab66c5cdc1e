import { signal } from '@preact/signals';
import type { IconName } from '../ui/index.js';
import { announce } from './announce.js';

export interface ToastInput {
  readonly title: string;
  readonly text?: string;
  readonly icon?: IconName;
  readonly tone?: 'neutral' | 'good' | 'bad';
  /** Where a click leads, see `href`. */
  readonly href?: string;
  /** When the same key is shown already, it is replaced. */
  readonly key?: string;
}

export interface Toast extends ToastInput {
  readonly id: number;
}

/** A toast keeps its place until it goes: others that come or go do not move it. */
export type Slots = readonly (Toast | undefined)[];

const SLOTS = 3;
const SHOWN_MS = 6_000;

export const slots = signal<Slots>(Array.from({ length: SLOTS }, () => undefined));
let nextId = 1;

/** Says something in passing, on the screen and to screen readers. */
export function toast(input: ToastInput): void {
  const added: Toast = { ...input, id: nextId++ };
  slots.value = place(slots.peek(), added);
  announce(input.text === undefined ? input.title : `${input.title}. ${input.text}`);
  setTimeout(() => dismiss(added.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  slots.value = slots.peek().map((slot) => (slot?.id === id ? undefined : slot));
}

export function dismissAll(): void {
  slots.value = slots.peek().map(() => undefined);
}

/** Where a toast goes: the place of the one it replaces, else a free one, else that of the oldest. */
export function place(current: Slots, added: Toast): Slots {
  const same = added.key === undefined ? -1 : current.findIndex((slot) => slot?.key === added.key);
  const free = current.indexOf(undefined);
  const oldest = current.reduce((at, slot, i) => ((slot?.id ?? 0) < (current[at]?.id ?? 0) ? i : at), 0);
  const index = same >= 0 ? same : free >= 0 ? free : oldest;
  return current.map((slot, i) => (i === index ? added : slot));
}
