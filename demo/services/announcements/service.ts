import { performance } from 'node:perf_hooks';
import { event } from '../messages.js';
import { Refused } from '../refused.js';
import type { Asked } from '../requests.js';
import type { Behaviour, Parts, ServiceDefinition } from '../service.js';
import { RateLimit } from './rate-limit.js';

/** What `announcement.published` says. */
export interface Announcement {
  readonly title: string;
  readonly text: string;
  /** The user who made it; left out for those of the shop. */
  readonly by?: string;
}

const MAX_TITLE = 100;
const MAX_TEXT = 1000;
const INTERVAL_MS = 2000;
const BY_ITSELF_MS = [160_000, 200_000] as const;

const ownAnnouncements: readonly Announcement[] = [
  { title: 'Fresh ferns', text: 'A new crate has come in from the greenhouse this morning.' },
  { title: 'Late van today', text: 'Parcels that are packed before six still leave tonight.' },
  { title: 'Lamps by the window', text: 'Come and see them when it gets dark: they are all lit.' },
  { title: 'Thank you', text: 'Somebody has just placed the hundredth order of the week.' },
];

export const announcements: ServiceDefinition = {
  name: 'announcements',
  about: 'tells something to everybody, now and then by itself',
  schema: '',
  build: ({ outbox, schedule }: Parts): Behaviour => {
    const limit = new RateLimit(schedule.scaled(INTERVAL_MS));
    const publish = ({ user, content, id, reply }: Asked): undefined => {
      const said: Announcement = {
        title: content.text('title', MAX_TITLE),
        text: content.text('text', MAX_TEXT),
        by: user,
      };
      if (!limit.take(user, id, performance.now()))
        throw new Refused(429, 'one announcement in two seconds is enough');
      outbox.put(
        event(
          // A request that comes again is the same event again, and gets the same answer.
          { ...from, content: said, ...(id === undefined ? {} : { id: JSON.stringify([user, id]) }) },
          reply === undefined
            ? {}
            : {
                replyTo: `/exchange/relay.user/${reply.key}`,
                ...(reply.correlationId === undefined ? {} : { correlationId: reply.correlationId }),
              },
        ),
      );
    };
    let next = 0;
    return {
      requests: { 'announcements.publish': { answer: publish } },
      begin: () =>
        schedule.every(BY_ITSELF_MS, () => {
          const content = ownAnnouncements[next % ownAnnouncements.length];
          next += 1;
          outbox.put(event({ ...from, content }));
          outbox.flush();
        }),
    };
  },
};

const from = { from: 'announcements', what: 'announcement.published' } as const;
