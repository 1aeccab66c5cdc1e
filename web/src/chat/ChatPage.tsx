import type { PageProps } from '../app/index.js';
import { me } from '../session/index.js';
import { Empty, Loaded, PageHead } from '../ui/index.js';
import { ConversationView } from './ConversationView.js';
import { type Place, placeKey } from './conversations.js';
import { PlaceList } from './PlaceList.js';
import { chat } from './store.js';
import './chat.css';
import './lines.css';

/** People and rooms, and one conversation. A phone shows one of the two. */
export function ChatPage({ query }: PageProps) {
  const place = placeOf(query);
  return (
    <div class={place === undefined ? 'chat' : 'chat chat-open'}>
      <PageHead title="Chat" lead="With one another, and in rooms. Who is away reads it later." />
      <Loaded remote={chat} what="the chat">
        <div class="chat-panes">
          <PlaceList current={place} />
          {place === undefined ? (
            <div class="chat-none">
              <Empty icon="chat" title="Choose a conversation">
                Or open this page as somebody else in another tab, and talk to yourself.
              </Empty>
            </div>
          ) : (
            <ConversationView key={placeKey(place)} place={place} />
          )}
        </div>
      </Loaded>
    </div>
  );
}

function placeOf(query: URLSearchParams): Place | undefined {
  const room = query.get('room');
  if (room !== null && room !== '') return { type: 'room', id: room };
  const person = query.get('with');
  return person === null || person === '' || person === me.value ? undefined : { type: 'person', id: person };
}
