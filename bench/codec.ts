/** Codec figures on one core: a MESSAGE with 8 headers and a body of 256 octets. Prints one JSON line. */
import { FrameDecoder } from '../relay/src/stomp/decoder.js';
import { encodeFrame } from '../relay/src/stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList } from '../relay/src/stomp/frame.js';

const HEADERS: HeaderList = [
  ['subscription', 'sub-0'],
  ['destination', '/user/topic/reply'],
  ['message-id', 'T_sub-0@@session-9ZmJcVvQx1@@123456'],
  ['redelivered', 'false'],
  ['content-type', 'application/json'],
  ['relay-user', 'alice@example.com'],
  ['priority', '4'],
  ['content-length', '256'],
].flat();
const BODY = Buffer.from('{"text":"a message as any other"}'.padEnd(256, ' '));

const wire = encodeFrame('MESSAGE', HEADERS, BODY, '1.2');
let latest: Frame = { command: '', headers: [], body: EMPTY_BODY };
let octets = 0;
const decoder = new FrameDecoder(
  {
    onFrame(frame) {
      latest = frame;
    },
  },
  { side: 'client' },
);

const work = {
  decodeEncodePerSecond() {
    decoder.push(wire);
    octets += encodeFrame(latest.command, latest.headers, latest.body, '1.2').length;
  },
  decodePerSecond() {
    decoder.push(wire);
    octets += latest.body.length;
  },
  encodePerSecond() {
    octets += encodeFrame('MESSAGE', HEADERS, BODY, '1.2').length;
  },
};

const WARM_UP_MS = 150;
const SLICES = 5;
const SLICE_MS = 70;
const BATCH = 1_000;

/**
 * Operations per second of processor time (this process's, the garbage collector's threads included), so that
 * what else runs on the machine counts as little as possible.
 */
function rate(operation: () => void, milliseconds: number): number {
  const start = process.cpuUsage();
  let count = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    for (let i = 0; i < BATCH; i++) operation();
    count += BATCH;
    const used = process.cpuUsage(start);
    elapsed = (used.user + used.system) / 1_000;
  }
  return (count * 1_000) / elapsed;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

// Everything is warm before anything counts, and the slices take turns: no operation gets the worst moment alone.
const operations = Object.entries(work);
for (const [, operation] of operations) rate(operation, WARM_UP_MS);
const rates = Array.from({ length: SLICES }, () =>
  operations.map(([, operation]) => rate(operation, SLICE_MS)),
);
const figures = Object.fromEntries(
  operations.map(([name], i) => [name, Math.round(median(rates.map((slice) => slice[i] ?? 0)))]),
);
if (octets === 0 || latest.body.length !== BODY.length) throw new Error('the codec lost the message');
console.log(JSON.stringify({ ...figures, frameBytes: wire.length }));
