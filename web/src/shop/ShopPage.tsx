import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageProps } from '../app/index.js';
import { Empty, Loaded, PageHead, Segments } from '../ui/index.js';
import { useGlide } from '../ui/useGlide.js';
import { OrderCard } from './OrderCard.js';
import { ProductCard } from './ProductCard.js';
import { changes, orderings, orders, payings, products, quotings, shop } from './store.js';
import './pictures.css';
import './products.css';
import './orders.css';

type View = 'products' | 'orders';

/** Products with live prices, and what one has ordered. A phone shows one of the two. */
export function ShopPage({ query }: PageProps) {
  const linkedOrder = query.get('order');
  const linkedProduct = query.get('product');
  const [view, setView] = useState<View>(linkedOrder === null ? 'products' : 'orders');
  useEffect(() => {
    if (linkedOrder !== null) setView('orders');
    else if (linkedProduct !== null) setView('products');
  }, [linkedOrder, linkedProduct]);
  const open = orders.value.filter(({ state }) => state !== 'shipped').length;
  return (
    <>
      <PageHead title="Shop" lead="Prices and stock change by themselves, and so do your orders." />
      <Loaded remote={shop} what="the shop">
        <div class="shop-views">
          <Segments
            label="What is shown"
            items={[
              { id: 'products', label: 'Products' },
              { id: 'orders', label: 'Your orders', count: open },
            ]}
            value={view}
            onChange={setView}
          />
        </div>
        <div class={`shop-columns shop-show-${view}`}>
          <section class="shop-products" aria-labelledby="shop-products-head">
            <h2 id="shop-products-head" class="shop-section-head">
              Products
            </h2>
            <ul class="shop-grid">
              {products.value.map((product) => (
                <ProductCard
                  key={product.id}
                  product={product}
                  change={changes.value.get(product.id)}
                  quoting={quotings.value.get(product.id)}
                  ordering={orderings.value.get(product.id)}
                  linked={product.id === linkedProduct}
                />
              ))}
            </ul>
          </section>
          <OrderList linked={linkedOrder} />
        </div>
      </Loaded>
    </>
  );
}

function OrderList({ linked }: { readonly linked: string | null }) {
  const list = useRef<HTMLUListElement>(null);
  useGlide(list, orders.value.map(({ id }) => id).join());
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls beside the products, so the keyboard must reach it
    <section class="shop-orders" aria-labelledby="shop-orders-head" tabIndex={0}>
      <h2 id="shop-orders-head" class="shop-section-head">
        Your orders
      </h2>
      {orders.value.length === 0 ? (
        <Empty icon="box" title="No orders yet">
          Order something, and watch it move.
        </Empty>
      ) : (
        <ul ref={list} class="shop-order-list" data-testid="orders">
          {orders.value.map((order) => (
            <OrderCard
              key={order.id}
              order={order}
              product={products.value.find(({ id }) => id === order.product)}
              paying={payings.value.get(order.id)}
              linked={order.id === linked}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
