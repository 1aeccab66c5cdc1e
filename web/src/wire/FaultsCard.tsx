import { useState } from 'preact/hooks';
import { toast } from '../app/index.js';
import { connected, explain, offline } from '../session/index.js';
import { Button, Card, Icon, type IconName, Switch } from '../ui/index.js';
import { type Fault, faults, goOffline, goOnline } from './faults.js';
import { tell } from './store.js';

const icons: Readonly<Record<string, IconName>> = {
  'cut-socket': 'cut',
  'cut-links': 'link',
  'expire-token': 'key',
  'sign-out-everywhere': 'leave',
};

/** Ways to break it. Each says what to watch. */
export function FaultsCard() {
  const [running, setRunning] = useState<string>();
  const run = async (id: string, task: () => Promise<string>) => {
    setRunning(id);
    const begun = Date.now();
    try {
      tell(await task(), begun);
    } catch (error) {
      toast({ title: explain(error), tone: 'bad', icon: 'warning' });
    } finally {
      setRunning(undefined);
    }
  };
  return (
    <Card title="Break it" class="wire-faults">
      <ul class="wire-fault-list">
        {faults.map((fault) => (
          <FaultLine
            key={fault.id}
            fault={fault}
            busy={running === fault.id}
            onRun={() => void run(fault.id, fault.run)}
          />
        ))}
        <li class="wire-fault">
          <span class="wire-fault-icon">
            <Icon name="offline" />
          </span>
          <Switch
            label="Offline"
            hint="Mail for you waits at the relay; back again, it is pulled before anything new."
            checked={offline.value}
            onChange={(off) => void run('offline', off ? goOffline : goOnline)}
            data-testid="wire-offline"
          />
        </li>
      </ul>
    </Card>
  );
}

interface FaultLineProps {
  readonly fault: Fault;
  readonly busy: boolean;
  readonly onRun: () => void;
}

function FaultLine({ fault, busy, onRun }: FaultLineProps) {
  const possible = connected.value || !fault.needsConnection;
  return (
    <li class="wire-fault">
      <span class="wire-fault-icon">
        <Icon name={icons[fault.id] ?? 'warning'} />
      </span>
      <span class="wire-fault-text">
        <span class="wire-fault-name">{fault.label}</span>
        <span class="muted small" id={`wire-watch-${fault.id}`}>
          {fault.watch}
        </span>
      </span>
      <Button
        size="s"
        busy={busy}
        disabled={!possible}
        aria-label={fault.label}
        aria-describedby={`wire-watch-${fault.id}`}
        onClick={onRun}
        data-testid={`wire-${fault.id}`}
      >
        Do it
      </Button>
    </li>
  );
}
