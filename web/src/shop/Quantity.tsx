import { Icon } from '../ui/index.js';
import { parseQuantity } from './quotes.js';

export interface QuantityProps {
  /** For screen readers: of what. */
  readonly product: string;
  /** As typed: it may be no number yet. */
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** How many: to type, or by one more and one less. */
export function Quantity({ product, text, onText }: QuantityProps) {
  const quantity = parseQuantity(text);
  const step = (by: number) => onText(String(Math.min(99, Math.max(1, (quantity ?? 1) + by))));
  return (
    <div class="shop-quantity">
      <button
        type="button"
        class="shop-quantity-step"
        aria-label={`Fewer of ${product}`}
        disabled={quantity === 1}
        onClick={() => step(-1)}
      >
        <Icon name="minus" size="s" />
      </button>
      <input
        class="shop-quantity-input numbers"
        inputMode="numeric"
        autocomplete="off"
        maxLength={2}
        aria-label={`Quantity of ${product}`}
        aria-invalid={quantity === undefined || undefined}
        data-testid="quantity"
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={() => quantity === undefined && onText('1')}
      />
      <button
        type="button"
        class="shop-quantity-step"
        aria-label={`More of ${product}`}
        disabled={quantity === 99}
        onClick={() => step(1)}
      >
        <Icon name="plus" size="s" />
      </button>
    </div>
  );
}
