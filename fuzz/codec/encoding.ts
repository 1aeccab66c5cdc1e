import { ProtocolError } from '../../relay/src/errors.js';
import { encodeFrame } from '../../relay/src/stomp/encoder.js';
import { escapeHeader, unescapeHeader } from '../../relay/src/stomp/escapes.js';
import type { StompVersion } from '../../relay/src/stomp/frame.js';
import { CLIENT_SIDE_LIMITS } from '../../relay/src/stomp/limits.js';
import { frameBody, HEADER_NAMES } from '../gen/frames.js';
import { hostileText, hostileValue } from '../gen/text.js';
import { chance, several } from '../seeds.js';
import { withoutLength } from './decoding.js';
import { referenceDecode, SERVER_COMMANDS } from './reference.js';
import { must, target, unlessRefused } from './target.js';

const TO_BROKER = ['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'COMMIT', 'ABORT'];

interface Setup {
  command: string;
  version: StompVersion;
  /** Hexadecimal, so that a report shows it. */
  body: string;
}

/** Whatever a header says, what is written is one frame and says nothing else: the relay's word to the broker and to clients. */
export const encoding = target<string[], Setup>({
  name: 'frames that the relay writes',
  weight: 14,
  make(random) {
    const command = random.pick(chance(random, 0.6) ? TO_BROKER : SERVER_COMMANDS);
    const carries = ['SEND', 'MESSAGE', 'ERROR'].includes(command);
    return {
      input: several(random, 6, () => [
        chance(random, 0.6) ? random.pick(HEADER_NAMES) : hostileText(random, 3),
        hostileValue(random),
      ]).flat(),
      setup: {
        command,
        version: random.pick(['1.0', '1.1', '1.2'] as const),
        body: carries || chance(random, 0.05) ? frameBody(random).toString('hex') : '',
      },
    };
  },
  check(headers, { command, version, body: hex }) {
    const body = Buffer.from(hex, 'hex');
    const wire = unlessRefused(ProtocolError, () => encodeFrame(command, headers, body, version));
    // To the broker the relay speaks 1.2 and to an old client it says nothing that is new: NACK of 1.0 is never written.
    if (wire === undefined || (version === '1.0' && command === 'NACK')) return;
    const server = SERVER_COMMANDS.includes(command);
    const { frames, verdict } = referenceDecode(
      wire,
      server ? 'server' : 'client',
      version,
      CLIENT_SIDE_LIMITS,
    );
    must(
      verdict === 'ok' && frames.length === 1,
      () => `what is written is one frame, not ${frames.length}, ${verdict}`,
    );
    const [frame] = frames;
    must(frame?.command === command && frame.body === body.toString('latin1'), 'command and body are kept');
    const given = withoutLength(headers).map((text) => Buffer.from(text).toString());
    const read = withoutLength(frame.headers);
    if (server) mustComeFrom(read, given);
    // RabbitMQ, too, drops spaces before a value of 1.0; the relay speaks 1.2 to it.
    else if (version !== '1.0') must(same(read, given), () => `${JSON.stringify(read)} was read`);
    const lengths = frame.headers.filter((text, i) => i % 2 === 0 && text === 'content-length').length;
    must(lengths === (body.length > 0 ? 1 : 0), `${lengths} content-length`);
  },
});

/** To a client some headers are left out and line ends can become spaces, but nothing is added or changes places. */
function mustComeFrom(read: string[], given: string[]): void {
  let at = 0;
  for (let i = 0; i < read.length; i += 2) {
    const plain = (text: string | undefined) => text?.replace(/[\r\n]/g, ' ');
    while (at < given.length && !(given[at] === read[i] && plain(given[at + 1]) === plain(read[i + 1])))
      at += 2;
    must(at < given.length, () => `the header ${JSON.stringify(read[i])} was never given`);
    at += 2;
  }
}

/** Undoing undoes, and an escape that a version does not have is refused. */
export const escaping = target<string, StompVersion>({
  name: 'escapes',
  weight: 4,
  make: (random) => ({ input: hostileText(random, 10), setup: random.pick(['1.0', '1.1', '1.2'] as const) }),
  check(text, version) {
    const escaped = escapeHeader(text);
    must(!/[\n\r:]/.test(escaped), 'an escaped text has nothing of what ends a name or a line');
    must(unescapeHeader(escaped, '1.2') === text, 'undoing gives the text back');
    const plain = unlessRefused(ProtocolError, () => unescapeHeader(text, version));
    if (plain === undefined || version === '1.0') return;
    const rest = text.replace(version === '1.2' ? /\\[nrc\\]/g : /\\[nc\\]/g, '');
    must(!rest.includes('\\'), 'an undefined escape is refused');
    must(plain.length === text.length - (text.length - rest.length) / 2, 'two characters become one');
  },
});

function same(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
