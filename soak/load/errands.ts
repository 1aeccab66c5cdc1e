import { weighted } from '../../fuzz/seeds.js';
import { type Frame, header } from '../../relay/src/stomp/frame.js';
import { count } from '../../torture/load/inbox.js';
import type { Conversation } from './conversation.js';
import { ANSWERED, PRIVATE_QUEUES, privateQueue } from './protocol.js';
import type { Place } from './visitor.js';

const MESSAGE_MS = 30_000;

type Errand = (conversation: Conversation, place: Place, token: () => Promise<string>) => Promise<void>;

const ERRANDS = {
  async topic(conversation, { random }) {
    await conversation.confirmed('SEND', ['destination', `/topic/public.chat.${random.below(5)}`], 'hello');
  },
  async app(conversation) {
    await conversation.confirmed('SEND', ['destination', '/app/soak.done'], 'done');
  },
  async refresh(conversation, _place, token) {
    const headers = ['destination', '/relay/token', 'Authorization', `Bearer ${await token()}`];
    await conversation.confirmed('SEND', headers);
  },
  async unsubscribe(conversation) {
    const destination = '/user/topic/passing';
    await conversation.confirmed('SUBSCRIBE', ['id', 'passing', 'destination', destination]);
    await conversation.confirmed('UNSUBSCRIBE', ['id', 'passing']);
  },
  async question(conversation) {
    const answer = conversation.message(MESSAGE_MS);
    const headers = ['destination', `/app/${ANSWERED}`, 'reply-to', '/temp-queue/answer'];
    await Promise.all([answer, conversation.confirmed('SEND', headers, 'question')]);
  },
  /** Others share the queue: what comes need not be what was sent. */
  async queue(conversation, { random }) {
    const destination = `/queue/${privateQueue(random.below(PRIVATE_QUEUES))}`;
    const asked = ['id', 'queue', 'destination', destination, 'ack', 'client-individual'];
    const message: Promise<Frame> = conversation.message(MESSAGE_MS);
    const work = async () => {
      await conversation.confirmed('SUBSCRIBE', asked);
      await conversation.confirmed('SEND', ['destination', destination], 'work');
    };
    const [{ headers }] = await Promise.all([message, work()]);
    await conversation.confirmed('ACK', ['id', header(headers, 'ack') ?? '']);
  },
} satisfies Record<string, Errand>;

/** Most clients only listen; some do one thing of those that cost the relay or the broker something of its own. */
export async function errand(
  conversation: Conversation,
  place: Place,
  token: () => Promise<string>,
): Promise<void> {
  const name = weighted(place.random, [
    [40, undefined],
    [20, 'topic'],
    [12, 'app'],
    [12, 'refresh'],
    [10, 'unsubscribe'],
    [3, 'question'],
    [3, 'queue'],
  ] as const);
  if (name === undefined || place.closing.aborted) return;
  await ERRANDS[name](conversation, place, token);
  count(place.tally.done, `did ${name}`);
}
