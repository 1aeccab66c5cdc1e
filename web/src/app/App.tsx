import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { unreadCount } from '../notifications/index.js';
import { client, connection, me, session, signOut } from '../session/index.js';
import { refusedSubscription } from '../session/listen.js';
import { Avatar, Badge, Button, Icon, IconButton } from '../ui/index.js';
import { areas } from './areas.js';
import { Brand } from './Brand.js';
import { ConnectionPill } from './ConnectionPill.js';
import { Nav } from './Nav.js';
import { href, route } from './route.js';
import { SignIn } from './SignIn.js';
import { ThemeSwitch } from './ThemeSwitch.js';
import { Toasts } from './Toasts.js';
import { titleOf } from './title.js';
import { dismissAll, toast } from './toasts.js';
import './shell.css';

export function App() {
  return (
    <>
      {session.value === undefined ? <Welcome /> : <Shell />}
      <Toasts />
    </>
  );
}

function Welcome() {
  useEffect(() => {
    document.title = titleOf(undefined, 0);
    dismissAll();
  }, []);
  return <SignIn />;
}

function Shell() {
  const { area: wanted, query } = route.value;
  const area = areas.find(({ id }) => id === wanted) ?? areas[0];
  const main = useRef<HTMLElement>(null);
  const unread = unreadCount.value;
  useEffect(() => {
    document.title = titleOf(area.label, unread);
  }, [area, unread]);
  useFocusOnChange(area.id, main);
  useSignalEffect(() => {
    const { value } = refusedSubscription;
    if (value !== undefined)
      toast({ title: 'A subscription was refused', text: value, icon: 'warning', tone: 'bad', key: value });
  });
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.querySelector('h1')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <Brand />
        <div class="top-tools">
          <ConnectionPill />
          <Bell />
          <ThemeSwitch />
          <span class="who" data-testid="me" data-user={me.value}>
            <Avatar name={me.value} size="s" />
            <span class="who-name">{me.value}</span>
          </span>
          <IconButton icon="leave" label="Sign out" onClick={() => void signOut()} data-testid="sign-out" />
        </div>
      </header>
      <Nav current={area} />
      <main class="main" ref={main}>
        <Stopped />
        <area.Page query={query} key={area.id} />
      </main>
    </div>
  );
}

function Bell() {
  const { value: unread } = unreadCount;
  const label = unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`;
  return (
    <a
      class="button button-icon"
      href={href('notifications')}
      aria-label={label}
      title={label}
      data-testid="bell"
    >
      <Icon name="bell" />
      <Badge count={unread} data-testid="bell-badge" />
    </a>
  );
}

/** Nothing brings this connection back by itself: say why, and offer what may help. */
function Stopped() {
  const { value: state } = connection;
  return (
    <div role="alert">
      {state.status === 'stopped' && (
        <div class="stopped" data-testid="stopped">
          <Icon name="warning" />
          <p>
            <strong>The connection has ended.</strong> {state.reason}
          </p>
          <Button
            size="s"
            onClick={() =>
              client()
                .connect()
                .catch(() => undefined)
            }
            data-testid="connect-again"
          >
            Connect again
          </Button>
        </div>
      )}
    </div>
  );
}

/** Who follows a link by keyboard or ear goes on where the new page begins. */
function useFocusOnChange(page: string, main: { readonly current: HTMLElement | null }): void {
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    scrollTo(0, 0);
    main.current?.querySelector('h1')?.focus({ preventScroll: true });
  }, [page, main]);
}
