import { randomUUID } from 'node:crypto';
import type { ChatLine, ChatView } from '../../contract.js';
import { broadcast, event, push, signal } from '../messages.js';
import { Refused } from '../refused.js';
import type { Asked } from '../requests.js';
import type { Behaviour, Parts, ServiceDefinition } from '../service.js';
import { CHAT_SCHEMA, ChatStore, rooms } from './store.js';

const MAX_TEXT = 2000;
const LINE_LIFE_MS = 30 * 24 * 3600_000;
/** The demo's people can be written to before they have ever signed in. */
const regulars = ['alice', 'bob', 'carol', 'dave', 'shop'] as const;

export const chat: ServiceDefinition = {
  name: 'chat',
  about: 'person to person and in rooms',
  schema: CHAT_SCHEMA,
  build: (parts) => new Chat(parts).behaviour(),
};

class Chat {
  private readonly store: ChatStore;

  constructor(private readonly parts: Parts) {
    this.store = new ChatStore(parts.database, regulars);
  }

  behaviour(): Behaviour {
    return {
      requests: {
        'chat.open': { answer: ({ user }) => this.open(user) },
        'chat.write': { answer: (asked) => this.write(asked), once: true },
        'chat.say': { answer: (asked) => this.say(asked), once: true },
      },
    };
  }

  private open(user: string): ChatView {
    if (this.store.seen(user)) {
      const said = { from: 'chat', what: 'person.arrived', content: { user } };
      this.parts.outbox.put(broadcast('public.shop.people', 'event', said));
    }
    return { people: this.store.people(), rooms, lines: this.store.linesFor(user) };
  }

  private write({ user, content }: Asked): ChatLine {
    const to = content.text('to', 255);
    const text = content.text('text', MAX_TEXT);
    if (to === user) throw new Refused(400, 'that is you');
    // Anything else would make mailboxes for names that nobody has.
    if (!this.store.knows(to)) throw new Refused(404, `nobody called ${to} has been here`);
    const line = { id: randomUUID(), from: user, to, text, at: Date.now() };
    this.store.addDirect(line);
    const said = { from: 'chat', what: 'chat.written', content: line, id: line.id };
    this.parts.outbox.put(
      push(to, 'chat', 'chat', said, LINE_LIFE_MS),
      // For one's other tabs; those that open later read it in the chat's own view.
      signal(user, 'chat', said),
      event(said),
    );
    return line;
  }

  private say({ user, content }: Asked): ChatLine {
    const to = content.oneOf('room', rooms);
    const line = { id: randomUUID(), from: user, to, text: content.text('text', MAX_TEXT), at: Date.now() };
    this.store.addToRoom(line);
    const said = { from: 'chat', what: 'chat.said', content: line, id: line.id };
    this.parts.outbox.put(broadcast(`public.room.${to}`, 'chat', said), event(said));
    return line;
  }
}
