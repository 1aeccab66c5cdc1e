import { Button, Card, Empty, Segments } from '../ui/index.js';
import { FrameDetail } from './FrameDetail.js';
import { FrameList } from './FrameList.js';
import { type FrameFilter, passes } from './frames.js';
import { clearFrames, filter, frameCount, frames, held, paused, selected } from './store.js';

const filters: readonly { readonly id: FrameFilter; readonly label: string }[] = [
  { id: 'all', label: 'All' },
  { id: 'no-beats', label: 'No heart-beats' },
  { id: 'messages', label: 'Messages' },
  { id: 'sent', label: 'Sent' },
  { id: 'subscriptions', label: 'Subscriptions' },
  { id: 'receipts', label: 'Receipts, errors' },
];

/** The frames as they go by, and one of them in full. */
export function FramesCard() {
  const shown = frames.value.filter((frame) => passes(frame, filter.value));
  const chosen = selected.value;
  return (
    <Card
      title="Frames"
      class="wire-frames"
      actions={
        <div class="wire-frame-actions">
          <span class="muted small numbers wire-frame-count" data-testid="frame-count">
            {status()}
          </span>
          <Button
            size="s"
            icon={paused.value ? 'play' : 'pause'}
            aria-pressed={paused.value}
            onClick={() => {
              paused.value = !paused.value;
            }}
            data-testid="frames-pause"
          >
            {paused.value ? 'Go on' : 'Pause'}
          </Button>
          <Button size="s" icon="trash" onClick={clearFrames} data-testid="frames-clear">
            Clear
          </Button>
        </div>
      }
    >
      <Segments
        label="Which frames"
        items={filters}
        value={filter.value}
        onChange={(id) => {
          filter.value = id;
        }}
      />
      <div class="wire-frame-panes">
        <FrameList frames={shown} chosen={chosen} />
        <div class="wire-detail" data-testid="frame-detail">
          {chosen === undefined ? (
            <Empty icon="wire" title="No frame chosen">
              Choose one to see its headers and body. Tokens are masked.
            </Empty>
          ) : (
            <FrameDetail frame={chosen} />
          )}
        </div>
      </div>
    </Card>
  );
}

function status(): string {
  const newest = frames.value[0]?.number ?? frameCount.value;
  const more = frameCount.value - newest;
  if (paused.value) return `Paused, ${more} more`;
  if (held.value) return `Held while you look, ${more} more`;
  return `${frameCount.value.toLocaleString('en')} so far`;
}
