import { PageHead } from '../ui/index.js';
import { ConnectionCard } from './ConnectionCard.js';
import { FaultsCard } from './FaultsCard.js';
import { FramesCard } from './FramesCard.js';
import { LatencyCard } from './LatencyCard.js';
import { MailboxCard } from './MailboxCard.js';
import { TimelineCard } from './TimelineCard.js';
import './wire.css';
import './frames.css';

/** What goes over the wire, and how it comes back when something breaks. */
export function WirePage() {
  return (
    <>
      <PageHead title="Wire" lead="The frames as they go by. Break something, and watch it recover." />
      <div class="wire">
        <ConnectionCard />
        <FaultsCard />
        <TimelineCard />
        <div class="wire-side">
          <LatencyCard />
          <MailboxCard />
        </div>
        <FramesCard />
      </div>
    </>
  );
}
