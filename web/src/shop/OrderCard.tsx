import { useEffect, useRef } from 'preact/hooks';
import type { Order, Product } from '../../../demo/contract.js';
import { money } from './money.js';
import { PayLine } from './PayLine.js';
import { Picture } from './Picture.js';
import { Progress } from './Progress.js';
import type { Paying } from './payments.js';

export interface OrderCardProps {
  readonly order: Order;
  readonly product: Product | undefined;
  readonly paying: Paying | undefined;
  /** Somebody followed a link to it: it is shown and marked. */
  readonly linked: boolean;
}

export function OrderCard({ order, product, paying, linked }: OrderCardProps) {
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (linked) element.current?.scrollIntoView({ block: 'center' });
  }, [linked]);
  return (
    <li
      ref={element}
      class={linked ? 'shop-order shop-linked' : 'shop-order'}
      data-testid="order"
      data-order={order.id}
      data-glide={order.id}
      data-state={order.state}
    >
      <div class="shop-order-head">
        <Picture shape={product?.shape ?? 'cup'} size="small" />
        <div class="shop-order-what">
          <h3>
            {order.quantity} × {product?.name ?? order.product}
          </h3>
          <p class="muted small">Order {order.id}</p>
        </div>
        <span class="shop-order-total numbers">{money(order.total)}</span>
      </div>
      <Progress order={order} />
      <PayLine order={order} paying={paying} />
    </li>
  );
}
