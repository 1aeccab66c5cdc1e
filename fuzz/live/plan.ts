import type { Random } from '../../torture/random.js';
import { USERS } from '../access.js';
import { caseRandom, chance, weighted } from '../seeds.js';
import { connectFrame, HOSTILE_UPGRADES, type Version } from './connect.js';
import { Conversation } from './conversation.js';
import { websocketGarbage } from './garbage.js';

/** What is written to the socket in one go. */
export type Step =
  | {
      kind: 'message';
      /** STOMP; a place-holder in it is filled in when it is sent (see `fillIn`). */
      bytes: Buffer;
      /** How many STOMP frames it is meant to be. */
      frames: number;
      binary: boolean;
      /** Where the message is cut into WebSocket fragments. */
      cuts: number[];
      /** Afterwards it is seen to that the relay still answers, or has closed. */
      hostile: boolean;
    }
  /** Bytes that break WebSocket itself; nothing can follow them. */
  | { kind: 'garbage'; bytes: Buffer };

/** All that one client does. The same seed and number give the same plan. */
export interface Plan {
  number: number;
  /** Index into USERS; undefined for somebody without a token. */
  user: number | undefined;
  /** Where the token is, if there is one. */
  door: 'authorization' | 'subprotocol' | 'query' | 'connect' | 'none' | 'bad';
  /** Instead of a proper handshake. */
  upgrade: string | undefined;
  version: Version;
  /** Loopback address that it comes from. */
  address: string;
  /** Written with every SEND, so that whoever reads it there knows whose it was. */
  tag: string;
  steps: Step[];
  /** How it goes: in order, with a WebSocket close, by cutting the connection, or by closing its half of it. */
  ending: 'disconnect' | 'close' | 'cut' | 'half';
}

/** Of the well-behaved part. */
const MOST_MESSAGES = 8;

export function makePlan(seed: number, number: number): Plan {
  const random = caseRandom(seed, 'live', number);
  const signedIn = chance(random, 0.94);
  const user = signedIn ? random.below(USERS.length) : undefined;
  const door = signedIn
    ? random.pick(['authorization', 'authorization', 'subprotocol', 'query', 'connect'] as const)
    : random.pick(['none', 'bad'] as const);
  const version = weighted(random, [
    [6, '1.2'],
    [2, '1.1'],
    [1, '1.0'],
  ] as const);
  const tag = Array.from({ length: 4 }, () => random.below(65_536).toString(16).padStart(4, '0')).join('');
  const upgrade = chance(random, 0.02) ? random.pick(HOSTILE_UPGRADES) : undefined;
  const plan: Plan = {
    ...{ number, user, door, upgrade, version, tag },
    address: `127.0.0.${2 + random.below(50)}`,
    steps: [],
    ending: weighted(random, [
      [4, 'disconnect'],
      [2, 'close'],
      [3, 'cut'],
      [0.5, 'half'],
    ] as const),
  };
  plan.steps = makeSteps(random, plan);
  return plan;
}

function makeSteps(random: Random, plan: Plan): Step[] {
  const conversation = new Conversation(random, plan);
  const steps: Step[] = [];
  const push = (hostile: boolean, ...frames: (() => Buffer)[]) => {
    const before = conversation.frames;
    const bytes = Buffer.concat(frames.map((make) => make()));
    // Line ends alone are no frame; what is no frame any more was one.
    const made = Math.max(conversation.frames - before, hostile ? 1 : 0);
    steps.push(message(random, bytes, made, hostile));
  };
  const good = () => conversation.good();
  if (chance(random, 0.97)) push(false, () => connectFrame(random, plan.version, plan.door === 'connect'));
  // The first part is well-behaved enough to stay connected; the second tries to get somewhere.
  for (let left = random.below(MOST_MESSAGES); left > 0; left--) {
    const together = weighted(random, [
      [5, 1],
      [2, 2],
      [1, 5],
    ] as const);
    push(false, ...Array.from({ length: together }, () => good));
  }
  for (let left = 1 + random.below(6); left > 0; left--) {
    push(true, () => conversation.hostile());
    if (chance(random, 0.5)) push(false, good);
  }
  if (chance(random, 0.04)) steps.push({ kind: 'garbage', bytes: websocketGarbage(random) });
  return steps;
}

function message(random: Random, bytes: Buffer, frames: number, hostile: boolean): Step {
  const cuts = chance(random, 0.15)
    ? Array.from({ length: 1 + random.below(4) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
    : [];
  // Text that is not UTF-8 ends the connection (RFC 6455, 8.1), which is tried less often than what is behind it.
  const text = bytes.toString().includes('\ufffd') ? chance(random, 0.01) : chance(random, 0.7);
  return { kind: 'message', bytes, frames, binary: !text, cuts, hostile };
}

/** What a place-holder stands for, which no seed can know. Undefined: there is none, and the step is left out. */
export interface Known {
  ownAck(): string | undefined;
  foreignAck(): string | undefined;
  token: string;
  foreignToken: string;
}

const PLACES = /\{\{(own-ack|foreign-ack|token|foreign-token)\}\}/g;

export function fillIn(bytes: Buffer, version: Version, known: Known): Buffer | undefined {
  const text = bytes.toString('latin1');
  if (!text.includes('{{')) return bytes;
  let missing = false;
  const filled = text.replace(PLACES, (_, name: string) => {
    if (name === 'token') return known.token;
    if (name === 'foreign-token') return known.foreignToken;
    const value = name === 'own-ack' ? known.ownAck() : known.foreignAck();
    missing ||= value === undefined;
    const escaped =
      version === '1.0'
        ? value
        : value?.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(':', '\\c');
    return Buffer.from(escaped ?? '').toString('latin1');
  });
  return missing ? undefined : Buffer.from(filled, 'latin1');
}
