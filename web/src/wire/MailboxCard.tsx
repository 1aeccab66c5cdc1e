import { Card } from '../ui/index.js';
import { mailbox } from './store.js';

/** What the relay itself counts as unread, by destination. */
export function MailboxCard() {
  const { total, counts } = mailbox.value;
  const lines = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Card
      title="Mailbox at the relay"
      actions={
        <strong class="numbers" data-testid="wire-unread">
          {total}
        </strong>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <ul class="wire-mailbox" tabIndex={0} aria-label="Unread by destination">
        {lines.length === 0 && <li class="muted">Nothing waits: this page has taken it all.</li>}
        {lines.map(([destination, count]) => (
          <li key={destination}>
            <code>{destination}</code>
            <span class="numbers">{count}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
