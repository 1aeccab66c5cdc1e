import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Kind, kinds } from '../../../demo/contract.js';
import { dismissAll } from '../app/toasts.js';
import { Button, Card, Empty, Loaded, PageHead, Segments } from '../ui/index.js';
import { AnnounceForm } from './AnnounceForm.js';
import { held, seen, showHeld } from './arrivals.js';
import { countUnread } from './centre.js';
import { NoticeItem } from './NoticeItem.js';
import { Following, Preferences } from './Preferences.js';
import { awayCount, centre, listOpen, markAllRead, remote, unreadCount } from './store.js';
import { count, words } from './words.js';
import './notifications.css';

type Filter = Kind | 'all';

export function NotificationsPage() {
  useEffect(() => {
    listOpen.value = true;
    // What they say is here.
    dismissAll();
    return () => {
      listOpen.value = false;
      seen();
    };
  }, []);
  return (
    <>
      <PageHead title="Notifications" lead="Kept for you while you are away, pushed while you are here." />
      <Loaded remote={remote} what="your notifications">
        <div class="centre">
          <NoticeList />
          <aside class="centre-aside stack" aria-label="Settings">
            <Preferences />
            <Following />
            <AnnounceForm />
          </aside>
        </div>
      </Loaded>
    </>
  );
}

function NoticeList() {
  const filter = useSignal<Filter>('all');
  const shown = useComputed(() =>
    centre.value.notices.filter(
      ({ id, kind }) => !held.value.has(id) && (filter.value === 'all' || kind === filter.value),
    ),
  );
  const { notices } = centre.value;
  const items = [
    { id: 'all' as Filter, label: 'All', count: unreadCount.value },
    ...kinds.map((kind) => ({ id: kind, label: words[kind].many, count: countUnread(notices, kind) })),
  ];
  const only = filter.value;
  return (
    <Card class="centre-list" aria-label="Notices">
      <Segments
        label="Show"
        items={items}
        value={only}
        onChange={(id) => {
          filter.value = id;
        }}
      />
      <div class="centre-bar">
        <Status />
        <Button
          size="s"
          variant="quiet"
          icon="checkAll"
          disabled={unreadCount.value === 0}
          onClick={() => void markAllRead()}
          data-testid="mark-all-read"
        >
          Mark all as read
        </Button>
      </div>
      {shown.value.length === 0 ? (
        <Empty
          icon="inbox"
          title={only === 'all' ? 'All quiet' : `No ${words[only].many.toLowerCase()}`}
          data-testid="no-notices"
        >
          {only === 'all'
            ? 'Order something, follow a product, or have a friend write to you.'
            : words[only].none}
        </Empty>
      ) : (
        <ul class="notices" data-testid="notices">
          {shown.value.map((notice) => (
            <NoticeItem key={notice.id} notice={notice} />
          ))}
        </ul>
      )}
    </Card>
  );
}

/** One line of constant height: new notices announce themselves here, and move nothing. */
function Status() {
  const waiting = centre.value.notices.filter(({ id }) => held.value.has(id));
  const [newest] = waiting;
  if (newest !== undefined) {
    return (
      <button type="button" class="centre-new" onClick={showHeld} data-testid="show-new">
        <span class="centre-new-count">{count(waiting.length, 'new', 'new')}</span>
        <span class="centre-new-title">{newest.title}</span>
        <span class="centre-new-show">Show</span>
      </button>
    );
  }
  if (awayCount.value > 0) {
    return (
      <p class="centre-status" data-testid="while-away">
        While you were away: <strong>{awayCount.value}</strong>
      </p>
    );
  }
  return (
    <p class="centre-status muted">
      <span class="dot centre-live" /> Live
    </p>
  );
}
