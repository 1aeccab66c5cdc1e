import { weighted } from '../../fuzz/seeds.js';
import { type Frame, header } from '../../relay/src/stomp/frame.js';
import { count } from '../../torture/load/inbox.js';
import type { Random } from '../../torture/random.js';
import type { Conversation } from './conversation.js';
import { ANSWERED } from './protocol.js';
import type { Place } from './visitor.js';

const MESSAGE_MS = 30_000;

/** Who is on an errand. */
interface Sender {
  index: number;
  random: Random;
  token(): Promise<string>;
}

type Errand = (conversation: Conversation, sender: Sender) => Promise<void>;

const ERRANDS = {
  async topic(conversation, { random }) {
    await conversation.confirmed('SEND', ['destination', `/topic/public.chat.${random.below(5)}`], 'hello');
  },
  async app(conversation) {
    await conversation.confirmed('SEND', ['destination', '/app/soak.done'], 'done');
  },
  async refresh(conversation, { token }) {
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
    const headers = ['destination', `/topic/${ANSWERED}`, 'reply-to', '/temp-queue/answer'];
    await Promise.all([answer, conversation.confirmed('SEND', headers, 'question')]);
  },
  /** A queue of its own, which must be gone with the client. */
  async queue(conversation, { index }) {
    const destination = `/queue/demo.soak-${index}`;
    const shape = ['destination', destination, 'auto-delete', 'true'];
    const asked = ['id', 'queue', ...shape, 'ack', 'client-individual'];
    const message: Promise<Frame> = conversation.message(MESSAGE_MS);
    const work = async () => {
      await conversation.confirmed('SUBSCRIBE', asked);
      await conversation.confirmed('SEND', shape, 'work');
    };
    const [{ headers }] = await Promise.all([message, work()]);
    await conversation.confirmed('ACK', ['id', header(headers, 'ack') ?? '']);
  },
} satisfies Record<string, Errand>;

/** Most clients only listen; some do one thing of those that cost the relay or the broker something of its own. */
export async function errand(
  conversation: Conversation,
  sender: Sender,
  { tally, closing }: Place,
): Promise<void> {
  const name = weighted(sender.random, [
    [40, undefined],
    [20, 'topic'],
    [12, 'app'],
    [12, 'refresh'],
    [10, 'unsubscribe'],
    [3, 'question'],
    [3, 'queue'],
  ] as const);
  if (name === undefined || closing.aborted) return;
  await ERRANDS[name](conversation, sender);
  count(tally.done, `did ${name}`);
}
