import type { Random } from '../../torture/random.js';
import { HEADER_NAMES } from '../gen/frames.js';
import { hostileNumber, hostileText, hostileValue } from '../gen/text.js';
import { several, weighted } from '../seeds.js';

export type Headers = [name: string, value: string][];

/** Headers that mean something to somebody, or nothing at all; all of them the relay takes or drops. */
export function oddHeaders(random: Random): Headers {
  return several(random, 4, (): [string, string] =>
    weighted(random, [
      [
        3,
        (): [string, string] => [
          random.pick([
            'relay-user',
            'user-id',
            'CC',
            'BCC',
            'x-death',
            'selector',
            'redelivered',
            'cluster-id',
            'x-match',
            'x-routing-key',
            'x-delay',
          ]),
          random.pick(['admin', 'relay.user', hostileText(random)]),
        ],
      ],
      [
        2,
        (): [string, string] => [
          `x-${hostileText(random, 1).replace(/[\0\n\r:]/g, '') || 'a'}`,
          hostileValue(random),
        ],
      ],
      [1, (): [string, string] => ['content-type', random.pick(['text/plain', 'application/json', ''])]],
      [1, (): [string, string] => ['priority', String(random.below(10))]],
      [1, (): [string, string] => ['expiration', String(1000 + random.below(100_000))]],
      [1, (): [string, string] => ['relay-unread', random.pick(['drop', 'keep', hostileText(random, 1)])]],
      [
        0.15,
        (): [string, string] => [
          random.pick(HEADER_NAMES),
          random.pick([hostileNumber(random), hostileValue(random)]),
        ],
      ],
    ])(),
  );
}

/** A second frame hidden where another reader might find it. */
export function smuggling(random: Random, tag: string): Buffer {
  const hidden = `SEND\ndestination:/exchange/relay.user/bystander.topic.stream\n\n@${tag}@\0`;
  const command = random.pick(['SUBSCRIBE', 'ACK', 'BEGIN', 'UNSUBSCRIBE', 'DISCONNECT', 'SEND']);
  const length = random.pick([0, 1, hidden.length, hidden.length + 1, hidden.length * 2]);
  return Buffer.from(
    random.pick([
      `${command}\nid:1\ndestination:/topic/fuzz.a\ncontent-length:${length}\n\n\0${hidden}\0`,
      `${command}\nid:1\ndestination:/topic/fuzz.a\\n\\n\\0${hidden}\n\n\0`,
      `${command}\nid:1\ndestination:/topic/fuzz.a\nx:y\\n\\n${hidden}\n\n\0`,
      `SEND\ndestination:/topic/fuzz.a\nx:\\ndestination\\c/exchange/relay.user/bystander.topic.stream\n\n@${tag}@\0`,
      `SEND\ndestination:/topic/fuzz.a\ndestination:/exchange/relay.user/bystander.topic.stream\n\n@${tag}@\0`,
    ]),
  );
}

/** Headers with which RabbitMQ's STOMP plugin lets a client shape a queue or a subscription. */
export function shapingHeaders(random: Random): Headers {
  return several(random, 3, () => [
    random.pick([
      'durable',
      'auto-delete',
      'exclusive',
      'x-queue-name',
      'x-expires',
      'x-dead-letter-exchange',
      'x-queue-type',
      'prefetch-count',
      'ack',
      'x-stream-offset',
    ]),
    random.pick([
      'true',
      'false',
      'relay.unread.intake',
      'relay.user',
      'stream',
      'client',
      hostileNumber(random),
    ]),
  ]);
}

/** One word that a destination can have and nobody expects. */
export function hostileWord(random: Random): string {
  return hostileText(random, 1).replace(/[\p{Cc}\p{Cs}./*#%]/gu, '') || 'x';
}
