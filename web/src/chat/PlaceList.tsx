import { href } from '../app/index.js';
import { me } from '../session/index.js';
import { Avatar, Badge, Icon } from '../ui/index.js';
import { type Place, placeKey, samePlace } from './conversations.js';
import { linesOf, people, rooms, unreadByPlace } from './store.js';

/** Where one can talk. The order never changes by itself: nobody hits what moves away. */
export function PlaceList({ current }: { readonly current: Place | undefined }) {
  const known = people.value;
  // A link may lead to somebody who has never been here.
  const extra = current?.type === 'person' && !known.includes(current.id) ? [current.id] : [];
  return (
    <nav class="chat-places" aria-label="Conversations">
      <Group title="Rooms" places={rooms.value.map((id) => ({ type: 'room', id }))} current={current} />
      <Group
        title="People"
        places={[...extra, ...known].map((id) => ({ type: 'person', id }))}
        current={current}
      />
    </nav>
  );
}

interface GroupProps {
  readonly title: string;
  readonly places: readonly Place[];
  readonly current: Place | undefined;
}

function Group({ title, places, current }: GroupProps) {
  return (
    <>
      <h2 class="chat-places-head">{title}</h2>
      <ul>
        {places.map((place) => (
          <li key={placeKey(place)}>
            <PlaceLink place={place} current={samePlace(place, current)} />
          </li>
        ))}
      </ul>
      {places.length === 0 && <p class="chat-places-none muted small">Nobody else yet</p>}
    </>
  );
}

function PlaceLink({ place, current }: { readonly place: Place; readonly current: boolean }) {
  const last = linesOf(place).at(-1);
  const unread = unreadByPlace.value.get(placeKey(place)) ?? 0;
  const who = last === undefined || place.type === 'person' ? '' : `${last.from}: `;
  const by = last?.from === me.value ? 'You: ' : who;
  return (
    <a
      class="chat-place"
      href={href('chat', place.type === 'room' ? { room: place.id } : { with: place.id })}
      aria-current={current ? 'page' : undefined}
      data-testid="chat-place"
      data-place={placeKey(place)}
      data-unread={unread}
    >
      {place.type === 'room' ? (
        <span class="chat-room-icon">
          <Icon name="hash" />
        </span>
      ) : (
        <Avatar name={place.id} />
      )}
      <span class="chat-place-text">
        <span class="chat-place-name">{place.id}</span>
        <span class="chat-place-last muted small">
          {last === undefined ? 'Nothing yet' : `${by}${last.text}`}
        </span>
      </span>
      <Badge count={unread} label="unread" data-testid="chat-unread" />
    </a>
  );
}
