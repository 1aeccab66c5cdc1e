import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { HeaderList } from '../stomp/frame.js';
import { isTraceHeader, passedTrace } from '../trace-context.js';
import type { Pulled, UnreadMessage } from '../unread/store.js';

const messageSchema = z.object({
  id: z.string().meta({
    description: 'The same each time the message is handed out: by it a client tells what it has seen.',
  }),
  destination: z.string().meta({ description: 'As the request names it.', examples: ['/topic/reply'] }),
  headers: z.record(z.string(), z.string()).meta({
    description: 'As in a MESSAGE frame; "redelivered" is "true" when the message was handed out before.',
  }),
  body: z.string().meta({ description: 'Text, or base64 where the body is not text.' }),
  encoding: z.enum(['utf8', 'base64']).meta({ description: 'How to read `body`.' }),
});

/** The answer to a pull. */
export const pulledSchema = z.object({
  messages: z.array(messageSchema).meta({ description: 'Oldest first.' }),
  lease: z.string().nullable().meta({
    description: 'To acknowledge the messages with; null when there are none.',
  }),
  expiresIn: z.int().min(0).meta({
    description: 'Seconds after which the messages are unread again unless they are acknowledged.',
  }),
  remaining: z.int().min(0).meta({ description: 'How many more are waiting.' }),
});

/** The answer as JSON text, a message at a time. */
export function* pulledPieces(destination: string, pulled: Pulled): Generator<string> {
  const { messages, lease = null, expiresIn, remaining } = pulled;
  const rest = {
    lease,
    // Never longer than the lease lives.
    expiresIn: lease === null ? 0 : Math.floor(expiresIn / 1000),
    remaining,
  } satisfies Omit<z.output<typeof pulledSchema>, 'messages'>;
  yield '{"messages":[';
  for (const [i, message] of messages.entries()) {
    yield (i === 0 ? '' : ',') + JSON.stringify(shown(destination, message));
  }
  yield `],${JSON.stringify(rest).slice(1)}`;
}

function shown(destination: string, { id, headers, body }: UnreadMessage): z.output<typeof messageSchema> {
  const encoding = isUtf8(body) ? 'utf8' : 'base64';
  return { id, destination, headers: headerObject(headers), body: body.toString(encoding), encoding };
}

/** The first of several headers of one name counts (STOMP 1.2, Repeated Header Entries). */
function headerObject(headers: HeaderList): Record<string, string> {
  // Publishers choose the names: in an ordinary object "__proto__" would be lost and "constructor" already there.
  const object: Record<string, string> = Object.create(null);
  const list = [...headers, ...passedTrace(headers)];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = list[i] as string;
    // The good ones stand behind.
    if (i < headers.length && isTraceHeader(name)) continue;
    if (!(name in object)) object[name] = list[i + 1] as string;
  }
  return object;
}
