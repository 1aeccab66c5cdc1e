import type { ComponentChildren, HTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import { classes } from './Button.js';

export interface CardProps extends Omit<HTMLAttributes<HTMLElement>, 'title'> {
  /** Makes it a region with a heading of this text. */
  readonly title?: string;
  /** Beside the heading. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Card({ title, actions, children, ...rest }: CardProps) {
  const id = useId();
  const named = title === undefined ? {} : { 'aria-labelledby': id };
  return (
    <section {...named} {...rest} class={classes('card', rest.class)}>
      {title !== undefined && (
        <div class="card-head">
          <h2 id={id}>{title}</h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

export interface PageHeadProps {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** The one h1 of a page; `children` are actions beside it. */
export function PageHead({ title, lead, children }: PageHeadProps) {
  return (
    <header class="page-head">
      <div>
        {/* The shell moves the focus here when another page opens. */}
        <h1 tabIndex={-1}>{title}</h1>
        {lead !== undefined && <p class="page-lead">{lead}</p>}
      </div>
      {children}
    </header>
  );
}
