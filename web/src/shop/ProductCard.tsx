import { useEffect, useRef, useState } from 'preact/hooks';
import type { Product } from '../../../demo/contract.js';
import { toast } from '../app/index.js';
import { follow, isFollowing } from '../notifications/index.js';
import { explain } from '../session/index.js';
import { Button, IconButton, Tag } from '../ui/index.js';
import { money } from './money.js';
import { Picture } from './Picture.js';
import type { ProductChange } from './products.js';
import { Quantity } from './Quantity.js';
import { QuoteLine } from './QuoteLine.js';
import { appliesTo, parseQuantity, type Quoting } from './quotes.js';
import { askPrice, type Ordering, placeOrder } from './store.js';
import { stockWords } from './words.js';

export interface ProductCardProps {
  readonly product: Product;
  readonly change: ProductChange | undefined;
  readonly quoting: Quoting | undefined;
  readonly ordering: Ordering | undefined;
  /** Somebody followed a link to it: it is shown and marked. */
  readonly linked: boolean;
}

export function ProductCard({ product, change, quoting, ordering, linked }: ProductCardProps) {
  const { id, name } = product;
  const [typed, setTyped] = useState('1');
  const quantity = parseQuantity(typed);
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (linked) element.current?.scrollIntoView({ block: 'center' });
  }, [linked]);
  const shown = quantity !== undefined && appliesTo(quoting, quantity) ? quoting : undefined;
  return (
    <li
      ref={element}
      class={linked ? 'shop-product shop-linked' : 'shop-product'}
      data-testid="product"
      data-product={id}
    >
      <Picture shape={product.shape} />
      <FollowButton product={product} />
      <div class="shop-product-text">
        <h3>{name}</h3>
        <p class="muted small shop-product-description">{product.description}</p>
        <PriceLine product={product} change={change} />
      </div>
      <div class="shop-product-actions">
        <Quantity product={name} text={typed} onText={setTyped} />
        <Button
          variant="quiet"
          aria-label={`Ask for a price of ${name}`}
          busy={shown?.phase === 'asking'}
          disabled={quantity === undefined}
          onClick={() => quantity !== undefined && void askPrice(id, quantity)}
          data-testid="ask-price"
        >
          Ask price
        </Button>
        <Button
          variant="primary"
          aria-label={`Order ${name}`}
          busy={ordering?.phase === 'placing'}
          disabled={quantity === undefined || product.stock === 0}
          onClick={() => quantity !== undefined && void placeOrder(id, quantity)}
          data-testid="place-order"
        >
          Order
        </Button>
      </div>
      {ordering?.phase === 'refused' ? (
        <div class="shop-quote" role="status" data-testid="order-refused">
          <span class="shop-quote-refused">{ordering.message}</span>
        </div>
      ) : (
        <QuoteLine quoting={shown} />
      )}
    </li>
  );
}

function FollowButton({ product: { id, name } }: { readonly product: Product }) {
  const following = isFollowing('product', id);
  const toggle = () =>
    follow('product', id, !following).catch((error: unknown) =>
      toast({ title: explain(error), tone: 'bad', icon: 'warning' }),
    );
  return (
    <IconButton
      class="shop-follow"
      icon="bell"
      label={following ? `You follow ${name}` : `Follow ${name}`}
      aria-label={`Follow ${name}`}
      aria-pressed={following}
      onClick={() => void toggle()}
      data-testid="follow"
    />
  );
}

interface PriceLineProps {
  readonly product: Product;
  readonly change: ProductChange | undefined;
}

function PriceLine({ product: { price, stock }, change }: PriceLineProps) {
  const { text, tone } = stockWords(stock);
  // A new key is a new element: the highlight is played again, and nothing that was there has moved.
  const version = change?.version ?? 0;
  const mark = (way: 'up' | 'down' | undefined) =>
    way === undefined ? '' : ` shop-changed shop-changed-${way}`;
  return (
    <p class="shop-price-line">
      <span
        key={`price-${version}`}
        class={`shop-price numbers${mark(change?.price)}`}
        data-testid="price"
        data-change={change?.price}
      >
        {money(price)}
      </span>
      <span key={`stock-${version}`} class={`shop-stock numbers${mark(change?.stock)}`} data-testid="stock">
        <Tag tone={tone}>{text}</Tag>
      </span>
    </p>
  );
}
