import type { Centre, Kind, Notice } from '../../../demo/contract.js';
import { href } from '../app/index.js';
import type { IconName } from '../ui/index.js';

interface KindWords {
  /** One of them. */
  readonly one: string;
  /** The kind. */
  readonly many: string;
  readonly icon: IconName;
  /** What it is for. */
  readonly about: string;
  /** What to do when there is none. */
  readonly none: string;
}

export const words: Readonly<Record<Kind, KindWords>> = {
  announcement: {
    one: 'Announcement',
    many: 'Announcements',
    icon: 'megaphone',
    about: 'News for everybody',
    none: 'What is announced to everybody shows up here.',
  },
  reminder: {
    one: 'Reminder',
    many: 'Reminders',
    icon: 'clock',
    about: 'What you follow changes',
    none: 'Follow a product or order something: you are told when it changes.',
  },
  mailbox: {
    one: 'Mailbox',
    many: 'Mailbox',
    icon: 'mail',
    about: 'When a person writes to you',
    none: 'When somebody writes to you, it shows up here, also when you were away.',
  },
};

/** The page of what a notice is about; undefined when it is about nothing that has one. */
export function linkOf({ about }: Notice): string | undefined {
  if (about === undefined) return undefined;
  if (about.type === 'person') return href('chat', { with: about.id });
  return href('shop', { [about.type]: about.id });
}

/** What somebody follows, in words: "Order A-17", "Lamp". */
export function nameOf({ type, id }: Centre['following'][number]): string {
  return type === 'order' ? `Order ${id}` : id.charAt(0).toUpperCase() + id.slice(1).replaceAll('-', ' ');
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
