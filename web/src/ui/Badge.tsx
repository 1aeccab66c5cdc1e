import type { ComponentChildren } from 'preact';

export interface BadgeProps {
  /** Nothing is shown for 0; more than 99 is "99+". */
  readonly count: number;
  /** For screen readers after the number, "unread". Without it they skip the badge: its link says it. */
  readonly label?: string;
  readonly 'data-testid'?: string;
}

export function Badge({ count, label, ...rest }: BadgeProps) {
  if (count <= 0) return null;
  return (
    <span class="badge" {...rest} {...(label === undefined ? { 'aria-hidden': 'true' } : {})}>
      {count > 99 ? '99+' : count}
      {label !== undefined && <span class="visually-hidden"> {label}</span>}
    </span>
  );
}

export interface TagProps {
  readonly tone?: 'neutral' | 'accent' | 'good' | 'warn' | 'bad';
  readonly children: ComponentChildren;
}

/** A word about a thing: "paid", "20% off". */
export function Tag({ tone = 'neutral', children }: TagProps) {
  return <span class={`tag tag-${tone}`}>{children}</span>;
}
