import type { ComponentChildren } from 'preact';
import { connection, type Remote } from '../session/index.js';
import { Button } from './Button.js';
import { Icon, type IconName } from './Icon.js';

export interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  /** What to do about it. */
  readonly children?: ComponentChildren;
  readonly action?: ComponentChildren;
  readonly 'data-testid'?: string;
}

/** There is nothing, and why. */
export function Empty({ icon, title, children, action, ...rest }: EmptyProps) {
  return (
    <div class="empty" {...rest}>
      <span class="empty-icon">
        <Icon name={icon} size="l" />
      </span>
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  );
}

export interface LoadedProps {
  readonly remote: Remote;
  /** What is loaded: "the shop". */
  readonly what: string;
  readonly children: ComponentChildren;
}

/** Its children once they are there; before that that they are on their way, or why they are not. */
export function Loaded({ remote, what, children }: LoadedProps) {
  if (remote.status.value === 'ready') return <>{children}</>;
  if (remote.status.value === 'failed') {
    const retry = (
      <Button icon="retry" onClick={() => void remote.reload()} data-testid="retry">
        Try again
      </Button>
    );
    return (
      <Empty
        icon="offline"
        title={`${capital(what)} cannot be shown`}
        action={retry}
        data-testid="unavailable"
      >
        {remote.problem.value}
      </Empty>
    );
  }
  const { status } = connection.value;
  if (status === 'stopped' || status === 'closed') {
    return (
      <Empty icon="offline" title="Not connected" data-testid="unavailable">
        {capital(what)} will be here when the connection is back.
      </Empty>
    );
  }
  return (
    <div class="loading" role="status" data-testid="loading">
      <span class="visually-hidden">Loading {what} …</span>
      <div class="loading-bar" />
      <div class="loading-bar" />
      <div class="loading-bar" />
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
