import type { Quote } from '../../../demo/contract.js';
import { duration } from '../ui/duration.js';
import { useTick } from '../ui/useTick.js';
import { money } from './money.js';
import { type Quoting, secondsLeft } from './quotes.js';

/** What asking for a price has brought. It keeps its height: nothing moves when the answer comes, or ends. */
export function QuoteLine({ quoting }: { readonly quoting: Quoting | undefined }) {
  return (
    <div class="shop-quote" role="status" data-testid="quote" data-phase={quoting?.phase ?? 'none'}>
      {quoting === undefined && (
        <span class="shop-quote-note muted">Several cost less: ask for a price.</span>
      )}
      {quoting?.phase === 'asking' && <span class="muted">Asking for a price …</span>}
      {quoting?.phase === 'refused' && <span class="shop-quote-refused">{quoting.message}</span>}
      {quoting?.phase === 'quoted' && <Quoted quote={quoting.quote} took={quoting.took} />}
    </div>
  );
}

function Quoted({ quote, took }: { readonly quote: Quote; readonly took: number }) {
  const left = secondsLeft(quote, useTick(quote.validUntil));
  return (
    <>
      <span class={left === 0 ? 'shop-quote-sum shop-quote-ended numbers' : 'shop-quote-sum numbers'}>
        {quote.quantity} × {money(quote.unit)}
        {quote.discount > 0 && <span class="shop-quote-discount"> − {quote.discount}%</span>} ={' '}
        <strong data-testid="quote-total">{money(quote.total)}</strong>
      </span>
      {/* A countdown that is read out every second is of no use to anybody. */}
      <span class="shop-quote-note muted numbers" aria-hidden="true">
        {left === 0 ? 'Has ended: ask again' : `Good for ${left} s`} · answered in {duration(took)}
      </span>
    </>
  );
}
