import type { Order } from '../../../demo/contract.js';
import { duration } from '../ui/duration.js';
import { Button, VisuallyHidden } from '../ui/index.js';
import { money } from './money.js';
import { mayPay, type Paying } from './payments.js';
import { pay } from './store.js';

export interface PayLineProps {
  readonly order: Order;
  readonly paying: Paying | undefined;
}

/** The foot of an order: to pay it, what the bank says, or what comes next. It is there at every step: nothing moves. */
export function PayLine({ order, paying }: PayLineProps) {
  const open = order.state === 'placed';
  const waits = open && (paying?.phase === 'asking' || paying?.phase === 'accepted');
  return (
    <div class="shop-order-foot" data-testid="payment" data-phase={paying?.phase ?? 'none'}>
      <span class="shop-order-foot-text" role="status">
        {waits && <span class="spinner" aria-hidden="true" />}
        <VisuallyHidden>Order {order.id}: </VisuallyHidden>
        <span class={isTrouble(paying) && open ? 'shop-order-trouble' : 'muted'}>{words(order, paying)}</span>
      </span>
      {open && mayPay(paying) && (
        <Button variant="primary" size="s" icon="pay" onClick={() => void pay(order.id)} data-testid="pay">
          Pay {money(order.total)}
        </Button>
      )}
    </div>
  );
}

const isTrouble = (paying: Paying | undefined) => paying?.phase === 'declined' || paying?.phase === 'refused';

function words({ state }: Order, paying: Paying | undefined): string {
  if (state === 'shipped') return 'On its way to you';
  if (state === 'packed') return 'Waits for the van';
  const bank = paying?.phase === 'paid' ? `the bank took ${duration(paying.took)}` : undefined;
  if (state === 'paid') return bank === undefined ? 'Is being packed' : `Is being packed; ${bank}`;
  switch (paying?.phase) {
    case 'asking':
      return 'Sending …';
    case 'accepted':
      return '202: accepted. The bank is asked …';
    case 'paid':
      return `Paid; ${bank}`;
    case 'declined':
      return `Declined by the bank, after ${duration(paying.took)}`;
    case 'refused':
      return paying.message;
    default:
      return 'To be paid';
  }
}
