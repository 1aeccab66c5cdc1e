import { type Order, orderStates } from '../../../demo/contract.js';
import { Icon, type IconName, Time } from '../ui/index.js';
import { stepOf } from './orders.js';
import { stateNames } from './words.js';

const icons: Readonly<Record<(typeof orderStates)[number], IconName>> = {
  placed: 'bag',
  paid: 'pay',
  packed: 'box',
  shipped: 'truck',
};

/** Where an order is: four steps. */
export function Progress({ order }: { readonly order: Order }) {
  const reached = stepOf(order.state);
  return (
    <ol class="shop-progress" aria-label={`Order ${order.id}: ${order.state}`}>
      {orderStates.map((state, step) => {
        const at = order.history[state];
        const done = step <= reached;
        return (
          <li
            key={state}
            class={`shop-progress-step${done ? ' shop-progress-done' : ''}${step === reached ? ' shop-progress-now' : ''}`}
            aria-current={step === reached ? 'step' : undefined}
            data-state={state}
          >
            <span class="shop-progress-dot">
              <Icon name={icons[state]} size="s" />
            </span>
            <span class="shop-progress-name">{stateNames[state]}</span>
            <span class="shop-progress-time muted">
              {at === undefined ? <span class="visually-hidden">not yet</span> : <Time at={at} as="clock" />}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
