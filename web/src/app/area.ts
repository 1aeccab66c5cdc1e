import type { ReadonlySignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import type { IconName } from '../ui/index.js';

export interface PageProps {
  /** What stands behind the `?` of `#/shop?order=A-17`. */
  readonly query: URLSearchParams;
}

/** One page of the app, and its entry in the navigation. */
export interface Area {
  /** In the address: `#/shop`. */
  readonly id: 'shop' | 'chat' | 'notifications' | 'wire';
  readonly label: string;
  readonly icon: IconName;
  readonly Page: ComponentType<PageProps>;
  /** How many things wait there for the user. */
  readonly badge?: ReadonlySignal<number>;
}
