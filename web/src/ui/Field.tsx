import type { ComponentChildren, InputHTMLAttributes, TextareaHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import { classes } from './Button.js';

interface FieldText {
  readonly label: string;
  /** The label is for screen readers only. */
  readonly hideLabel?: boolean;
  readonly hint?: ComponentChildren;
  /** Why the value will not do; announced. */
  readonly error?: string | undefined;
  /** Is given the text, not the event. */
  readonly onText: (text: string) => void;
  readonly value: string;
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'label' | 'value'>;
type AreaProps = Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'label' | 'value'>;

export type TextFieldProps = FieldText &
  (({ readonly multiline?: false } & InputProps) | ({ readonly multiline: true } & AreaProps));

/** A labelled line of text, or with `multiline` several. Other attributes go to the input. */
export function TextField(props: TextFieldProps) {
  const { label, hideLabel = false, hint, error, onText, multiline, ...rest } = props;
  const id = useId();
  const described = classes(hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`);
  const common = {
    id,
    class: 'input',
    'aria-describedby': described || undefined,
    'aria-invalid': error === undefined ? undefined : true,
    onInput: (event: { currentTarget: { value: string } }) => onText(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id} class={hideLabel ? 'visually-hidden' : undefined}>
        {label}
      </label>
      {multiline ? (
        <textarea rows={3} {...(rest as object)} {...common} />
      ) : (
        <input type="text" {...(rest as object)} {...common} />
      )}
      {hint !== undefined && (
        <div class="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      <div role="alert">
        {error !== undefined && (
          <div class="field-error" id={`${id}-error`}>
            {error}
          </div>
        )}
      </div>
    </div>
  );
}

export interface SwitchProps {
  readonly label: string;
  readonly hint?: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly 'data-testid'?: string;
}

/** On or off, at once. */
export function Switch({ label, hint, checked, onChange, ...rest }: SwitchProps) {
  const id = useId();
  return (
    <label class="switch">
      <span class="switch-text">
        <span class="switch-label" id={`${id}-label`}>
          {label}
        </span>
        {hint !== undefined && (
          <span class="field-hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={checked}
        checked={checked}
        aria-labelledby={`${id}-label`}
        {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })}
        {...rest}
        onChange={(event) => {
          onChange(event.currentTarget.checked);
          // Shown is what is so: the owner may have refused.
          event.currentTarget.checked = checked;
        }}
      />
    </label>
  );
}
