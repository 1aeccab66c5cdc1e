import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Badge } from './Badge.js';
import { Icon, type IconName } from './Icon.js';

type NativeProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'size' | 'label'>;

export interface ButtonProps extends NativeProps {
  readonly variant?: 'primary' | 'secondary' | 'quiet' | 'danger';
  readonly size?: 's' | 'm';
  readonly icon?: IconName;
  /** Something is under way: shows it, and takes no second press. It keeps the focus. */
  readonly busy?: boolean;
  readonly children: ComponentChildren;
}

export function Button(props: ButtonProps) {
  const { variant = 'secondary', size = 'm', icon, busy = false, children, onClick, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      class={classes('button', `button-${variant}`, size === 's' && 'button-s', rest.class)}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <span class="spinner" /> : icon !== undefined && <Icon name={icon} size="s" />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends NativeProps {
  readonly icon: IconName;
  /** For screen readers and as a tooltip. */
  readonly label: string;
  readonly badge?: number;
}

export function IconButton({ icon, label, badge = 0, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      class={classes('button', 'button-icon', rest.class)}
    >
      <Icon name={icon} />
      <Badge count={badge} />
    </button>
  );
}

/** Joins class names, without those that are false or undefined. */
export function classes(...names: readonly unknown[]): string {
  return names.filter((name) => typeof name === 'string' && name !== '').join(' ');
}
