import type { Notice } from '../../../demo/contract.js';
import { Avatar, Icon, IconButton, Time, VisuallyHidden } from '../ui/index.js';
import { markRead } from './store.js';
import { linkOf, words } from './words.js';

export function NoticeItem({ notice }: { readonly notice: Notice }) {
  const { id, kind, title, text, at, read, from } = notice;
  return (
    <li class="notice" data-testid="notice" data-id={id} data-kind={kind} data-read={read} tabIndex={-1}>
      {kind === 'mailbox' && from !== undefined ? (
        <Avatar name={from} />
      ) : (
        <span class="notice-icon">
          <Icon name={words[kind].icon} />
        </span>
      )}
      <div class="notice-body">
        <p class="notice-title" data-testid="notice-title">
          {!read && <VisuallyHidden>Unread: </VisuallyHidden>}
          <Title notice={notice} />
        </p>
        {text !== '' && (
          <p class="notice-text" data-testid="notice-text">
            {text}
          </p>
        )}
        <p class="notice-meta">
          {words[kind].one} · <Time at={at} />
        </p>
      </div>
      <div class="notice-end">
        {!read && (
          <>
            <span class="dot notice-dot" />
            <IconButton
              icon="check"
              label={`Mark as read: ${title}`}
              data-testid="mark-read"
              onClick={(event) => {
                // The button goes; the focus must not go with it.
                event.currentTarget.closest('li')?.focus();
                void markRead([id]);
              }}
            />
          </>
        )}
      </div>
    </li>
  );
}

/** Leads to what the notice is about; where it is about nothing, a press says that it is read. */
function Title({ notice }: { readonly notice: Notice }) {
  const link = linkOf(notice);
  const read = () => void markRead([notice.id]);
  if (link !== undefined) {
    return (
      <a class="notice-link" href={link} onClick={read} data-testid="notice-link">
        {notice.title}
      </a>
    );
  }
  return <span>{notice.title}</span>;
}
