import type { ChatLine, Typing } from '../../contract.js';
import { APP_EXCHANGE } from '../address.js';
import { broadcast, type Outgoing, signal } from '../messages.js';
import type { Behaviour, Parts, ServiceDefinition } from '../service.js';
import { answerTo } from './answers.js';

/** Under this name it is written to. */
const NAME = 'shop';
const ROOM = 'help';
const THINK_MS = [300, 600] as const;
const TYPE_MS = [900, 1500] as const;
/** Conversations that are answered at the same time. */
const MAX_BUSY = 100;

/** Somebody to talk to, also for who is alone here. */
export const support: ServiceDefinition = {
  name: 'support',
  about: `"${NAME}" answers who writes to it, and questions in the room "${ROOM}"`,
  schema: '',
  build: (parts) => new Support(parts).behaviour(),
};

class Support {
  /** Whom it is answering: more lines of theirs get one answer. */
  private readonly busy = new Set<string>();

  constructor(private readonly parts: Parts) {}

  behaviour(): Behaviour {
    return {
      events: {
        keys: ['chat.written', 'chat.said'],
        handle: ({ what, content, again }) => {
          if (!again) this.hear(content as ChatLine, what === 'chat.said');
        },
      },
    };
  }

  private hear({ from, to, text }: ChatLine, inRoom: boolean): void {
    // To itself it would talk for ever.
    if (from === NAME || to !== (inRoom ? ROOM : NAME)) return;
    const where = inRoom ? `room ${ROOM}` : `person ${from}`;
    if (this.busy.has(where) || this.busy.size >= MAX_BUSY) return;
    this.busy.add(where);
    const { schedule } = this.parts;
    schedule.after(THINK_MS, () => {
      this.publish(typing(inRoom ? undefined : from));
      schedule.after(TYPE_MS, () => {
        this.busy.delete(where);
        const answer = answerTo(text);
        this.publish(
          inRoom
            ? chatRequest('chat.say', { room: ROOM, text: answer })
            : chatRequest('chat.write', { to: from, text: answer }),
        );
      });
    });
  }

  private publish(message: Outgoing): void {
    this.parts.outbox.put(message);
    this.parts.outbox.flush();
  }
}

/** @param user undefined: in the room */
function typing(user: string | undefined): Outgoing {
  const said = (content: Typing) => ({ from: NAME, what: 'chat.typing', content });
  // Pages believe the name that the relay has verified, and services speak for themselves.
  const headers = { 'relay-user': NAME };
  return user === undefined
    ? broadcast(`public.typing.${ROOM}`, 'signal', said({ room: ROOM, typing: true }), headers)
    : signal(user, 'typing', said({ typing: true }), headers);
}

/** The same request that a client would send: a service is trusted to say in whose name. */
function chatRequest(key: string, content: unknown): Outgoing {
  const message = signal(NAME, '-', { from: NAME, what: key, content }, { 'relay-user': NAME });
  return { ...message, exchange: APP_EXCHANGE, key };
}
