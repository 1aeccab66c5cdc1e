import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../ui/index.js';
import { clockTime } from './clock.js';
import { bytes, type NumberedFrame, subjectOf } from './frames.js';
import { held, selected } from './store.js';

export interface FrameListProps {
  /** Newest first. */
  readonly frames: readonly NumberedFrame[];
  readonly chosen: NumberedFrame | undefined;
}

/**
 * A list of which one is chosen, by pointer or arrow keys. Lines stand by their place and only their text changes: a
 * frame that arrives moves no element. While somebody points at it, or walks through it by keyboard, it stands still.
 */
export function FrameList({ frames, chosen }: FrameListProps) {
  const element = useRef<HTMLDivElement>(null);
  const at = frames.findIndex(({ number }) => number === chosen?.number);
  useEffect(
    () => () => {
      held.value = false;
    },
    [],
  );

  const choose = (index: number) => {
    const frame = frames[Math.max(0, Math.min(frames.length - 1, index))];
    if (frame === undefined) return;
    selected.value = frame;
    element.current?.querySelector(`#frame-${frame.number}`)?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? 0 : at - 1,
      PageDown: at + 10,
      PageUp: at - 10,
      Home: 0,
      End: frames.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };
  return (
    <div
      ref={element}
      class="wire-list"
      role="listbox"
      aria-label="Frames, newest first"
      aria-activedescendant={at < 0 ? undefined : `frame-${chosen?.number}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerEnter={(event) => {
        if (event.pointerType === 'mouse') held.value = true;
      }}
      onPointerLeave={(event) => {
        held.value = event.currentTarget.matches(':focus-visible');
      }}
      onFocus={(event) => {
        if (event.currentTarget.matches(':focus-visible')) held.value = true;
      }}
      onBlur={() => {
        held.value = false;
      }}
      data-testid="frames"
    >
      {frames.map((frame, place) => (
        // By place, see above.
        <FrameLine key={place} frame={frame} chosen={place === at} onChoose={() => choose(place)} />
      ))}
    </div>
  );
}

interface FrameLineProps {
  readonly frame: NumberedFrame;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function FrameLine({ frame, chosen, onChoose }: FrameLineProps) {
  const { direction, number, command } = frame;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and says which line is active
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list hears the keys
    <div
      id={`frame-${number}`}
      class={`wire-frame wire-${direction}`}
      role="option"
      aria-selected={chosen}
      onClick={onChoose}
      data-testid="frame"
      data-command={command}
      data-direction={direction}
    >
      <Icon
        name={direction === 'in' ? 'arrowDown' : 'arrowUp'}
        size="s"
        label={direction === 'in' ? 'in' : 'out'}
      />
      <span class="wire-time muted">{clockTime(frame.at)}</span>
      <span class={`wire-command wire-command-${command === 'ERROR' ? 'bad' : direction}`}>{command}</span>
      <span class="wire-subject">{subjectOf(frame)}</span>
      <span class="wire-size muted">{frame.size === 0 ? '' : bytes(frame.size)}</span>
    </div>
  );
}
