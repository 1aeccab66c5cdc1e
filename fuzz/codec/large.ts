import { tokenFromConnect, tokenFromUpgrade } from '../../relay/src/auth/sources.js';
import { parseDestination } from '../../relay/src/destination.js';
import { DestinationError, ProtocolError } from '../../relay/src/errors.js';
import { redactUrl } from '../../relay/src/handshake.js';
import { covers, overlaps } from '../../relay/src/policy/topic-match.js';
import { parseReplyTo } from '../../relay/src/reply-to.js';
import { FrameDecoder } from '../../relay/src/stomp/decoder.js';
import { encodeFrame } from '../../relay/src/stomp/encoder.js';
import { unescapeHeader } from '../../relay/src/stomp/escapes.js';
import { parseHeartBeat } from '../../relay/src/stomp/heartbeat.js';
import { negotiateVersion } from '../../relay/src/stomp/version.js';
import { must, refusal, target, unlessRefused } from './target.js';

const MIB = 1024 * 1024;
/** What a frame may hold in memory while it is on its way: twice what arrived, and the frames that came out. */
const MOST_HELD = 16 * MIB;

/** Streams that are long in one way or another, in pieces of a size. None of them may cost more than its length. */
const STREAMS: Readonly<Record<string, (size: number) => Buffer>> = {
  'line ends': (size) => Buffer.alloc(size, '\n'),
  'line ends of two': (size) => Buffer.alloc(size, '\r\n'),
  'tiny frames': (size) => Buffer.alloc(size, 'BEGIN\n\n\0'),
  'tiny frames, and one that never ends': (size) =>
    Buffer.concat([Buffer.alloc(size, 'BEGIN\n\n\0'), Buffer.from('SEND\na')]),
  'a body without length': (size) =>
    Buffer.concat([Buffer.from('SEND\n\n'), Buffer.alloc(size - 64, 'x'), Buffer.from('\0')]),
  'a body with length': (size) =>
    Buffer.from(`SEND\ncontent-length:${size - 64}\n\n${'\0'.repeat(size - 64)}\0`),
  'a header without end': (size) => Buffer.from(`SEND\na:${'b'.repeat(size)}`),
  'a command without end': (size) => Buffer.alloc(size, 'A'),
  'headers without end': (size) => Buffer.from(`SEND\n${'a:b\n'.repeat(size / 4)}`),
  'headers of two bytes': (size) => Buffer.from(`SEND\n${'a:\n'.repeat(size / 3)}`),
  'as many long headers as there may be': () =>
    Buffer.from(`SEND\n${`a:${'b'.repeat(16_000)}\n`.repeat(64)}\n\0`),
  escapes: () => Buffer.from(`SEND\n${`a:${'\\\\'.repeat(8000)}\n`.repeat(64)}\n\0`),
  'wide characters': () => Buffer.from(`SEND\n${`a:${'€'.repeat(5000)}\n`.repeat(64)}\n\0`),
  'a length of many digits': () => Buffer.from(`SEND\ncontent-length:${'0'.repeat(16_000)}1\n\nx\0`),
  lengths: () => Buffer.from(`SEND\n${'content-length:1\n'.repeat(128)}\nx\0`),
  colons: () => Buffer.from(`SEND\n${`a:${':'.repeat(16_000)}\n`.repeat(64)}\n\0`),
  'CR before each line end': () => Buffer.from(`SEND\r\n${'a:b\r\n'.repeat(120)}\r\n\0`.repeat(1000)),
  NUL: (size) => Buffer.alloc(size),
};

/** Texts that are long in a way that a pattern or a split might dislike. */
const TEXTS: Readonly<Record<string, () => void>> = {
  destinations: () => {
    for (const text of ['/', '/a', '.', '%2F', '/user/', '€', '/exchange/', '%']) {
      const long = `/user/${text.repeat(20_000)}`;
      must(
        refusal(DestinationError, () => void parseDestination(long, 'send', 'a')) !== undefined,
        'too long',
      );
      must(refusal(DestinationError, () => void parseReplyTo(long, 'a')) !== undefined, 'too long');
    }
  },
  escapes: () => void unescapeHeader('\\\\\\n\\c'.repeat(100_000), '1.2'),
  'heart-beats': () => void refusal(ProtocolError, () => void parseHeartBeat(`${'1'.repeat(100_000)},1`)),
  versions: () => void refusal(ProtocolError, () => void negotiateVersion('1.3,'.repeat(100_000))),
  'tokens of spaces': () => void tokenFromConnect(['Authorization', `Bearer ${' \t'.repeat(8000)}x`]),
  'tokens of many headers': () =>
    void tokenFromConnect(Array.from({ length: 256 }, () => ' '.repeat(16_000))),
  'cookies and queries': () => {
    const headers = {
      cookie: `${'relay_token='.repeat(600)};${';'.repeat(4000)}"`,
      authorization: `Bearer${' '.repeat(16_000)}`,
    };
    void tokenFromUpgrade({ headers, url: `/ws?${'token=&'.repeat(2000)}` }, { cookiesAllowed: true });
  },
  'addresses in the log': () => {
    for (const unit of ['eyJ-', 'eyJ.', '?a=', '%', '/socket/', '&='])
      void redactUrl(`/ws?${unit.repeat(4000)}`);
  },
  'wildcards of a subscription': () => {
    const [left, right] = [Array(512).fill('#'), [...Array(511).fill('*'), 'b']];
    covers([...left, 'a'], right);
    overlaps(left, right);
    covers(Array(128).fill(['#', 'a']).flat(), Array(512).fill('a'));
  },
  'frames to write': () =>
    void encodeFrame(
      'MESSAGE',
      Array.from({ length: 256 }, () => ':\\\n'.repeat(4000)),
      Buffer.alloc(MIB),
      '1.2',
    ),
};

interface Setup {
  /** Bytes that arrive at once. */
  piece: number;
}

/** One of the long ones, by name. What bounds its time is the watch over the whole run. */
export const large = target<string, Setup>({
  name: 'long input',
  weight: 0.05,
  make: (random) => ({
    input: random.pick([...Object.keys(STREAMS), ...Object.keys(TEXTS).map((name) => `text: ${name}`)]),
    setup: { piece: random.pick([1, 7, 512, 65_536, 4 * MIB]) },
  }),
  check(name, { piece }) {
    TEXTS[name.replace('text: ', '')]?.();
    const stream = STREAMS[name];
    if (stream) drip(stream(piece === 1 ? MIB / 4 : MIB), piece);
  },
});

function drip(bytes: Buffer, piece: number): void {
  const before = process.memoryUsage().arrayBuffers;
  const decoder = new FrameDecoder({ onFrame: () => {} }, { side: 'server' });
  unlessRefused(ProtocolError, () => {
    for (let at = 0; at < bytes.length; at += piece) decoder.push(bytes.subarray(at, at + piece));
    return true;
  });
  const held = process.memoryUsage().arrayBuffers - before;
  must(held < MOST_HELD, () => `${held} bytes are held for ${bytes.length}`);
}
