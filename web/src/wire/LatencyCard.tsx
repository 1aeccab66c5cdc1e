import { useEffect } from 'preact/hooks';
import { connected } from '../session/index.js';
import { Button, Card, Switch } from '../ui/index.js';
import { curve, latencyOf, ms } from './latency.js';
import { ping, pinging, samples } from './store.js';

const EVERY = 3000;
const WIDTH = 290;
const HEIGHT = 56;

/** How long a SEND takes to the broker and its RECEIPT back. */
export function LatencyCard() {
  const active = pinging.value;
  useEffect(() => {
    if (!active) return;
    // Without a connection there is nothing to measure; one that breaks meanwhile shows how long it took to come back.
    const beat = () => connected.peek() && void ping();
    beat();
    const timer = setInterval(beat, EVERY);
    return () => clearInterval(timer);
  }, [active]);
  const latency = latencyOf(samples.value);
  const show = (n: number | undefined) => (n === undefined ? '–' : ms(n));
  return (
    <Card
      title="Latency"
      actions={
        <Button
          size="s"
          icon="retry"
          disabled={!connected.value}
          onClick={() => void ping()}
          data-testid="wire-ping"
        >
          Ping now
        </Button>
      }
    >
      <dl class="wire-latency numbers">
        <div>
          <dt>Last</dt>
          <dd data-testid="wire-latency">{show(latency?.last)}</dd>
        </div>
        <div>
          <dt>Median</dt>
          <dd>{show(latency?.median)}</dd>
        </div>
        <div>
          <dt>Worst</dt>
          <dd>{show(latency?.worst)}</dd>
        </div>
      </dl>
      <svg
        class="wire-curve"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`The last ${samples.value.length} round trips, at worst ${show(latency?.worst)}`}
      >
        <path class="wire-curve-ground" d={`M0 ${HEIGHT - 1}H${WIDTH}`} />
        <path
          class="wire-curve-line"
          d={curve(samples.value, WIDTH, HEIGHT - 6)}
          transform="translate(0 3)"
        />
      </svg>
      <Switch
        label="Ping every 3 s"
        hint="A SEND with a receipt, to the broker and back."
        checked={active}
        onChange={(on) => {
          pinging.value = on;
        }}
        data-testid="wire-pinging"
      />
    </Card>
  );
}
