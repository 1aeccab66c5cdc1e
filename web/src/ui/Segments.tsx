export interface Segment<Id extends string> {
  readonly id: Id;
  readonly label: string;
  /** After the label, when more than 0. */
  readonly count?: number;
}

export interface SegmentsProps<Id extends string> {
  /** For screen readers: what is chosen here. */
  readonly label: string;
  readonly items: readonly Segment<Id>[];
  readonly value: Id;
  readonly onChange: (id: Id) => void;
}

/** A choice of one among few. Each is `data-testid="segment-<id>"`. */
export function Segments<Id extends string>({ label, items, value, onChange }: SegmentsProps<Id>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is sent, these only choose what is shown
    <div class="segments" role="group" aria-label={label}>
      {items.map((item) => (
        <button
          type="button"
          class="segment"
          key={item.id}
          aria-pressed={item.id === value}
          data-testid={`segment-${item.id}`}
          onClick={() => onChange(item.id)}
        >
          {item.label}
          {item.count !== undefined && (
            <span class="segment-count muted">{item.count > 0 ? item.count : ''}</span>
          )}
        </button>
      ))}
    </div>
  );
}
