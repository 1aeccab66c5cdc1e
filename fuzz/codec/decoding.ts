import { ProtocolError } from '../../relay/src/errors.js';
import { FrameDecoder } from '../../relay/src/stomp/decoder.js';
import { encodeFrame } from '../../relay/src/stomp/encoder.js';
import type { StompVersion } from '../../relay/src/stomp/frame.js';
import { type DecoderLimits, resolveLimits } from '../../relay/src/stomp/limits.js';
import { Random } from '../../torture/random.js';
import { grammarFrame } from '../gen/frames.js';
import { mutate } from '../gen/mutate.js';
import { chance } from '../seeds.js';
import { type Reading, type ReferenceFrame, referenceDecode, SERVER_COMMANDS } from './reference.js';
import { must, target, unlessRefused } from './target.js';

interface Setup {
  side: 'server' | 'client';
  version: StompVersion;
  limits: DecoderLimits;
  /** Where the bytes are cut, and how much of them is cut at every place. */
  cuts: number;
  everywhere: boolean;
}

/** Ends whatever a stream has left open, unless a length says otherwise. */
const TERMINATOR = Buffer.from('\n\n\0\n');
const VERSIONS: readonly StompVersion[] = ['1.0', '1.1', '1.2'];

export const fromClients = target<Buffer, Setup>({
  name: 'frames of clients',
  weight: 36,
  make: (random) => ({ input: stream(random, 'server'), setup: circumstances(random, 'server') }),
  check(input, setup) {
    const whole = decode([input], setup);
    must(whole.verdict === 'ok' || whole.verdict === 'open' || whole.verdict === 'fault', 'a verdict');
    compareWithReference(input, whole, setup);
    checkCuts(input, whole, setup);
    for (const frame of whole.frames) checkRoundTrip(frame, setup);
  },
});

export const fromTheBroker = target<Buffer, Setup>({
  name: 'frames of the broker',
  weight: 8,
  make: (random) => ({ input: stream(random, 'client'), setup: circumstances(random, 'client') }),
  check(input, setup) {
    checkCuts(input, decode([input], setup), setup);
  },
});

function stream(random: Random, side: Setup['side']): Buffer {
  const style = side === 'client' ? { commands: SERVER_COMMANDS } : {};
  const frames = Array.from({ length: 1 + random.below(3) }, () => grammarFrame(random, style));
  const bytes = Buffer.concat(frames);
  const damaged = chance(random, 0.5) ? mutate(random, bytes) : bytes;
  return chance(random, 0.5) ? Buffer.concat([damaged, TERMINATOR]) : damaged;
}

function circumstances(random: Random, side: Setup['side']): Setup {
  const tight = {
    maxFrameBytes: 20 + random.below(300),
    maxHeaders: 1 + random.below(6),
    maxHeaderBytes: 12 + random.below(60),
  };
  return {
    side,
    version: random.pick(VERSIONS),
    limits: resolveLimits(side, chance(random, 0.2) ? tight : {}),
    cuts: random.below(2 ** 31),
    everywhere: chance(random, 0.05),
  };
}

/** What a decoder makes of the chunks. Each is overwritten once it was pushed: nothing decoded may still need it. */
function decode(chunks: readonly Buffer[], { side, version, limits }: Setup): Reading {
  const frames: ReferenceFrame[] = [];
  const decoder = new FrameDecoder(
    {
      onFrame: ({ command, headers, body }) =>
        frames.push({ command, headers: [...headers], body: body.toString('latin1') }),
    },
    { side, version, limits },
  );
  const finished = unlessRefused(ProtocolError, () => {
    for (const chunk of chunks) {
      const copy = Buffer.from(chunk);
      decoder.push(copy);
      copy.fill(0x2a);
    }
    return true;
  });
  if (!finished) return { frames, verdict: 'fault' };
  return { frames, verdict: decoder.idle ? 'ok' : 'open' };
}

function compareWithReference(input: Buffer, found: Reading, { version, limits }: Setup): void {
  const expected = referenceDecode(input, 'client', version, limits);
  sameFrames(found, expected, 'not the frames that STOMP says');
  // In a frame that is not complete yet, either may see the fault before the other.
  const early = expected.verdict !== 'ok' && found.verdict !== 'ok' && !terminated(input);
  must(
    found.verdict === expected.verdict || early || (found.verdict === 'fault' && expected.verdict === 'open'),
    () => `the verdict is ${found.verdict} and should be ${expected.verdict}`,
  );
}

function checkCuts(input: Buffer, whole: Reading, setup: Setup): void {
  const { length } = input;
  const random = new Random(setup.cuts);
  const ways = [cutInto(input, 1), cutInto(input, 1 + random.below(20))];
  for (let i = 0; i < 3; i++) ways.push(cutAt(input, [random.below(length + 1), random.below(length + 1)]));
  if (setup.everywhere && length < 400) for (let at = 1; at < length; at++) ways.push(cutAt(input, [at]));
  for (const chunks of ways) {
    const cut = decode(chunks, setup);
    const where = () =>
      `cut into ${chunks
        .map((chunk) => chunk.length)
        .join('+')
        .slice(0, 80)}`;
    sameFrames(cut, whole, () => `other frames when ${where()}`);
    const same =
      cut.verdict === whole.verdict || (!terminated(input) && cut.verdict !== 'ok' && whole.verdict !== 'ok');
    must(same, () => `${cut.verdict} instead of ${whole.verdict} when ${where()}`);
  }
}

/** What a frame says must be the same when the relay writes it again. */
function checkRoundTrip(frame: ReferenceFrame, { version, side }: Setup): void {
  const body = Buffer.from(frame.body, 'latin1');
  const wire = unlessRefused(ProtocolError, () => encodeFrame(frame.command, frame.headers, body, version));
  if (wire === undefined) return;
  const again = decode([wire], { side, version, limits: resolveLimits(side), cuts: 0, everywhere: false });
  must(again.verdict === 'ok' && again.frames.length === 1, 'a frame that is encoded again is one frame');
  const [copy] = again.frames;
  must(
    copy?.command === frame.command &&
      copy.body === frame.body &&
      JSON.stringify(withoutLength(copy.headers)) === JSON.stringify(withoutLength(frame.headers)),
    () => `encoded again it reads ${JSON.stringify(copy)} instead of ${JSON.stringify(frame)}`,
  );
}

export function withoutLength(headers: readonly string[]): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)] !== 'content-length');
}

function sameFrames(found: Reading, expected: Reading, what: string | (() => string)): void {
  const [left, right] = [JSON.stringify(found.frames), JSON.stringify(expected.frames)];
  must(left === right, () => `${typeof what === 'string' ? what : what()}: ${left} instead of ${right}`);
}

function terminated(input: Buffer): boolean {
  return input.subarray(-TERMINATOR.length).equals(TERMINATOR);
}

function cutInto(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places, bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
