import { isUtf8 } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { header } from '../../relay/src/stomp/frame.js';
import { CLIENT_SIDE_LIMITS } from '../../relay/src/stomp/limits.js';
import { type ReferenceFrame, referenceDecode } from '../codec/reference.js';
import type { Version } from './connect.js';
import { fillIn, type Known, type Plan } from './plan.js';
import { Wire } from './wire.js';

/** What all clients of a run share. */
export interface Surroundings {
  host: string;
  port: number;
  /** By index into USERS. */
  tokens: readonly string[];
  /** Stands in every message that no fuzzing client may get. */
  secret: string;
  /** `ack` values that clients were given, newest last; each tries the others'. */
  acks: string[];
}

export interface Played {
  /** STOMP frames that were written, hostile ones among them. */
  frames: number;
  hostile: number;
  /** Frames that came. */
  received: Record<string, number>;
  status: number;
  closeCode: number | undefined;
  /** `code` of an ERROR frame. */
  error: string | undefined;
  /** What must not be. */
  violations: string[];
}

const MOST_ACKS = 50;
/** For what was sent last to have its effect before the connection is cut. */
const BEFORE_CUT_MS = 5;
/** These say that something broke in the relay, or at the broker because of what the relay let through. */
const DEFECTS = new Set(['ERR_INTERNAL', 'ERR_BROKER_UNAVAILABLE', 'ERR_SEND_TIMEOUT', 'ERR_RELAY_CLOSING']);

/** One client, from its handshake to its end. */
export async function play(plan: Plan, surroundings: Surroundings): Promise<Played> {
  const player = new Player(plan, surroundings);
  await player.run().catch((error: Error) => player.played.violations.push(error.message));
  return player.played;
}

class Player {
  readonly played: Played = {
    ...{
      frames: 0,
      hostile: 0,
      received: {},
      status: 0,
      closeCode: undefined,
      error: undefined,
      violations: [],
    },
  };
  private readonly wire: Wire;
  private version: Version = '1.2';
  private readonly ownAcks: string[] = [];
  private readonly known: Known;

  constructor(
    private readonly plan: Plan,
    private readonly surroundings: Surroundings,
  ) {
    const { host, port, tokens, acks } = surroundings;
    const own = plan.user ?? 0;
    this.known = {
      ownAck: () => this.ownAcks.pop(),
      foreignAck: () => acks.findLast((ack) => !this.ownAcks.includes(ack)),
      token: tokens[own] ?? '',
      foreignToken: tokens[(own + 1) % tokens.length] ?? '',
    };
    this.wire = new Wire({
      ...{ host, port, localAddress: plan.address },
      request: plan.upgrade ?? handshakeOf(plan, this.known.token),
      onMessage: (payload, text) => this.receive(payload, text),
    });
  }

  async run(): Promise<void> {
    const { wire, played } = this;
    try {
      await wire.open();
      played.status = wire.status;
      if (wire.status === 101) await this.converse();
    } finally {
      wire.destroy();
      played.closeCode = wire.closeCode;
      if (wire.offence) played.violations.push(`the relay wrote no WebSocket frame: ${wire.offence}`);
      if (wire.closeCode === 1011) played.violations.push('closed with 1011 (internal error)');
    }
  }

  private async converse(): Promise<void> {
    const { wire, plan } = this;
    for (const step of plan.steps) {
      if (wire.isOver) break;
      if (step.kind === 'garbage') {
        wire.raw(step.bytes);
        // Whether it answers is its own choice now, as long as the others do not notice.
        await delay(BEFORE_CUT_MS);
        return;
      }
      const bytes = fillIn(step.bytes, plan.version, this.known);
      if (!bytes) continue;
      wire.message(bytes, step.binary, step.cuts);
      this.played.frames += step.frames;
      if (step.hostile) this.played.hostile += step.frames;
      if (step.hostile || this.played.frames % 4 === 0) await wire.barrier();
    }
    if (!(await wire.barrier())) return;
    if (plan.ending === 'disconnect') {
      wire.message(Buffer.from('DISCONNECT\nreceipt:bye\n\n\0'), false, []);
      this.played.frames++;
      await wire.barrier();
      await wire.close();
    } else if (plan.ending === 'close') await wire.close();
    else if (plan.ending === 'half') await wire.half();
  }

  private receive(payload: Buffer, text: boolean): void {
    const { violations } = this.played;
    if (payload.includes(this.surroundings.secret)) {
      violations.push(`got what is not for this client: ${payload.subarray(0, 300).toString('latin1')}`);
    }
    if (text && !isUtf8(payload))
      violations.push('a text message that is not UTF-8 would end a browser’s connection');
    const { frames, verdict } = referenceDecode(payload, 'server', this.version, CLIENT_SIDE_LIMITS);
    const beat = payload.equals(Buffer.from('\n'));
    if (verdict !== 'ok' || (frames.length !== 1 && !beat)) {
      violations.push(
        `the relay wrote what is not one frame: ${payload.subarray(0, 300).toString('latin1')}`,
      );
    }
    for (const frame of frames) this.look(frame);
  }

  private look({ command, headers }: ReferenceFrame): void {
    const { received, violations } = this.played;
    received[command] = (received[command] ?? 0) + 1;
    if (command === 'CONNECTED') this.version = (header(headers, 'version') ?? '1.2') as Version;
    if (command === 'ERROR') {
      this.played.error = header(headers, 'code') ?? 'none';
      if (DEFECTS.has(this.played.error))
        violations.push(`ERROR ${this.played.error}: ${header(headers, 'message')}`);
    }
    const ack = header(headers, this.version === '1.2' ? 'ack' : 'message-id');
    if (command !== 'MESSAGE' || ack === undefined) return;
    this.ownAcks.push(ack);
    this.surroundings.acks.push(ack);
    if (this.surroundings.acks.length > MOST_ACKS) this.surroundings.acks.shift();
  }
}

function handshakeOf({ door }: Plan, token: string): { path: string; headers: string[] } {
  const protocols = 'Sec-WebSocket-Protocol: v12.stomp, v11.stomp, v10.stomp';
  switch (door) {
    case 'authorization':
      return { path: '/ws', headers: [`Authorization: Bearer ${token}`, protocols] };
    case 'subprotocol':
      return { path: '/ws', headers: [`${protocols}, bearer.${token}`] };
    case 'query':
      return { path: `/ws?access_token=${token}`, headers: [protocols] };
    case 'bad':
      return { path: '/ws', headers: [`Authorization: Bearer ${token.slice(0, -5)}`, protocols] };
    default:
      return { path: '/ws', headers: [protocols] };
  }
}
