import { RelayError } from '../errors.js';
import { encodeFrame } from '../stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList, header } from '../stomp/frame.js';
import { Link, type LinkOptions } from './link.js';
import type { SendLimits } from './sends.js';

export interface PrivateEvents {
  /** A MESSAGE for this client, as the broker wrote it. */
  onMessage(frame: Frame): void;
  /** The broker refused something of this client's, or the link cannot carry on; the client is closed. */
  onRefused(error: RelayError): void;
}

export type Done = (error?: RelayError) => void;

/** What becomes of a frame whose RECEIPT did not come before the connection went. */
type OnLoss = 'repeat' | 'settle' | 'fail';

interface Flying {
  frame: Buffer;
  done: Done | undefined;
  onLoss: OnLoss;
  /** When a SEND that is repeated is given up; undefined for what waits as long as it takes. */
  deadline: number | undefined;
}

const REMEMBERED_SESSIONS = 16;

/** How long a link that is to be closed may take for it, in milliseconds. */
const CLOSE_GRACE_MS = 3000;

/**
 * One Web-STOMP connection for one client, opened when a frame needs broker semantics of its own
 * (`/queue`, `/temp-queue`, client acknowledgement there, transactions). Its errors reach only this client.
 *
 * When the broker goes away the link comes back: subscriptions are made again and SENDs whose RECEIPT never
 * came are sent again, in order. Acknowledgements of messages from the earlier connection mean nothing any
 * more (the broker has put those messages back) and are swallowed. A transaction that was open is lost, and
 * its COMMIT is refused.
 */
export class PrivateLink {
  private readonly link: Link;
  /** Frames that wait for the link, in the client's order. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** How many of them are SENDs. */
  private unsent = 0;
  /** Frames that the broker has not answered yet, by our receipt id. */
  private readonly flying = new Map<string, Flying>();
  /** Subscriptions that the broker has confirmed. */
  private readonly subscriptions = new Map<string, HeaderList>();
  /** Those whose confirmation is on its way. */
  private readonly subscribing = new Map<string, Flying>();
  private readonly transactions = new Set<string>();
  private readonly lostTransactions = new Set<string>();
  private readonly earlierSessions: string[] = [];
  private sequence = 0;
  /** When deadlines count again: in an alarm of the broker everything waits. */
  private excusedUntil = 0;
  private live = false;
  private closing = false;
  private whenStarted: (() => void) | undefined;

  constructor(
    options: LinkOptions,
    private readonly limits: SendLimits,
    private readonly events: PrivateEvents,
  ) {
    this.link = new Link(options, {
      onUp: () => this.start(),
      onFrame: (frame) => this.receive(frame),
      onError: (frame) => this.refused(frame),
      onDown: (reason, refused) => this.lost(reason, refused),
    });
    this.link.open();
  }

  /** True while the client that sends should wait: the broker does not take what is written. */
  get congested(): boolean {
    return this.waitingBytes + this.link.bufferedBytes > this.limits.highWater / 2;
  }

  /**
   * Ends the link after everything that was sent over it has reached the broker; resolves when nothing of it is left
   * there. Waits for a first connection that is still being made, but not for a broker that went away: false when
   * there are SENDs that it did not get.
   */
  async close(): Promise<boolean> {
    if (this.closing) return true;
    this.closing = true;
    if (!this.live && this.earlierSessions.length === 0) {
      await new Promise<void>((resolve) => {
        this.whenStarted = resolve;
        setTimeout(resolve, CLOSE_GRACE_MS).unref();
      });
    }
    await this.link.close(CLOSE_GRACE_MS);
    this.flying.clear();
    this.waiting = [];
    return this.unsent === 0;
  }

  /** Stops and resumes reading from the broker. */
  pause(): void {
    this.link.pause();
  }

  resume(): void {
    this.link.resume();
  }

  subscribe(id: string, headers: HeaderList, done: Done): void {
    const flying = this.request('SUBSCRIBE', headers, EMPTY_BODY, 'repeat', (error) => {
      if (this.subscribing.get(id) === flying) {
        this.subscribing.delete(id);
        if (!error) this.subscriptions.set(id, headers);
      }
      done(error);
    });
    if (flying) this.subscribing.set(id, flying);
  }

  unsubscribe(id: string, headers: HeaderList, done?: Done): void {
    this.request('UNSUBSCRIBE', headers, EMPTY_BODY, 'settle', (error) => done?.(error));
    this.subscriptions.delete(id);
    // Not confirmed yet, and ended already: it must not be made again on a later connection.
    const flying = this.subscribing.get(id);
    if (flying) flying.onLoss = 'settle';
    this.subscribing.delete(id);
  }

  /** A SEND. With `done` it is repeated over lost connections until the broker has confirmed it. */
  publish(headers: HeaderList, body: Buffer, done?: Done): void {
    if (this.isLost(headers)) return;
    const inTransaction = header(headers, 'transaction') !== undefined;
    if (!this.live) this.unsent++;
    const flying = this.request('SEND', headers, body, inTransaction ? 'settle' : 'repeat', done);
    if (flying && !inTransaction) flying.deadline = Date.now() + this.limits.timeout;
  }

  /** @throws RelayError when the id was not given out over this link. */
  acknowledge(command: 'ACK' | 'NACK', headers: HeaderList, done?: Done): void {
    if (this.isLost(headers)) return;
    const id = header(headers, 'id') ?? '';
    if (this.earlierSessions.some((session) => id.includes(`@@${session}@@`))) {
      done?.();
      return;
    }
    // Another client's ids carry another session: they never get as far as the broker.
    if (!id.includes(`@@${this.link.session}@@`)) {
      throw new RelayError(
        'ERR_UNKNOWN_ACK',
        `${command} names no message that waits for it`,
        'protocolError',
      );
    }
    this.request(command, headers, EMPTY_BODY, 'settle', done);
  }

  begin(transaction: string): void {
    this.transactions.add(transaction);
    this.request('BEGIN', ['transaction', transaction], EMPTY_BODY, 'settle', undefined);
  }

  /** @throws RelayError when the transaction was lost together with an earlier connection. */
  end(command: 'COMMIT' | 'ABORT', transaction: string, done?: Done): void {
    this.transactions.delete(transaction);
    if (this.lostTransactions.delete(transaction)) {
      if (command === 'ABORT') {
        done?.();
        return;
      }
      throw new RelayError(
        'ERR_TRANSACTION_LOST',
        'the transaction was lost with the broker',
        'brokerUnavailable',
      );
    }
    this.request(
      command,
      ['transaction', transaction],
      EMPTY_BODY,
      command === 'COMMIT' ? 'fail' : 'settle',
      done,
    );
  }

  /** Called a few times a second: refuses a SEND that the broker has not confirmed in time. */
  tick(now: number): void {
    if (this.limits.alarm.congested) {
      this.excusedUntil = now + this.limits.timeout;
      return;
    }
    if (now < this.excusedUntil) return;
    for (const [receipt, { deadline, done }] of this.flying) {
      if (deadline === undefined || deadline > now) continue;
      this.flying.delete(receipt);
      const message = 'the broker did not confirm the message in time';
      done?.(new RelayError('ERR_SEND_TIMEOUT', message, 'brokerUnavailable'));
      return;
    }
  }

  /** What belongs to a transaction that was lost goes nowhere; its COMMIT tells. */
  private isLost(headers: HeaderList): boolean {
    return this.lostTransactions.has(header(headers, 'transaction') ?? '');
  }

  private request(
    command: string,
    headers: HeaderList,
    body: Buffer,
    onLoss: OnLoss,
    done: Done | undefined,
  ): Flying | undefined {
    const wanted = done !== undefined || onLoss === 'fail';
    const receipt = `p${++this.sequence}`;
    const frame = encodeFrame(command, wanted ? ['receipt', receipt, ...headers] : headers, body, '1.2');
    const flying: Flying | undefined = wanted ? { frame, done, onLoss, deadline: undefined } : undefined;
    if (flying) this.flying.set(receipt, flying);
    this.write(frame);
    return flying;
  }

  private write(frame: Buffer): void {
    if (this.live) {
      this.link.write(frame);
      return;
    }
    this.waiting.push(frame);
    this.waitingBytes += frame.length;
    if (this.waitingBytes <= this.limits.highWater) return;
    const message = 'too much is waiting for the broker';
    this.events.onRefused(new RelayError('ERR_BROKER_UNAVAILABLE', message, 'brokerUnavailable'));
  }

  private start(): void {
    this.live = true;
    for (const frame of this.waiting) this.link.write(frame);
    this.waiting = [];
    this.waitingBytes = 0;
    this.unsent = 0;
    this.whenStarted?.();
  }

  private receive(frame: Frame): void {
    if (frame.command === 'MESSAGE') this.events.onMessage(frame);
    if (frame.command !== 'RECEIPT') return;
    const receipt = header(frame.headers, 'receipt-id') ?? '';
    const flying = this.flying.get(receipt);
    this.flying.delete(receipt);
    flying?.done?.();
  }

  private lost(reason: string, refused: boolean): void {
    this.whenStarted?.();
    if (!this.live) return;
    this.live = false;
    this.earlierSessions.push(this.link.session);
    if (this.earlierSessions.length > REMEMBERED_SESSIONS) this.earlierSessions.shift();
    if (refused) {
      const message = 'the broker refused what was asked of it';
      this.events.onRefused(new RelayError('ERR_BROKER_REFUSED', message, 'brokerRefused', reason));
      return;
    }
    for (const transaction of this.transactions) this.lostTransactions.add(transaction);
    this.transactions.clear();
    for (const headers of this.subscriptions.values()) {
      this.write(encodeFrame('SUBSCRIBE', headers, EMPTY_BODY, '1.2'));
    }
    for (const [receipt, { frame, done, onLoss }] of [...this.flying]) {
      if (onLoss === 'repeat') {
        this.write(frame);
        continue;
      }
      this.flying.delete(receipt);
      if (onLoss === 'settle') done?.();
      else {
        const message = 'the connection to the broker was lost before it confirmed the COMMIT';
        done?.(new RelayError('ERR_COMMIT_UNKNOWN', message, 'brokerUnavailable'));
      }
    }
  }

  private refused(frame: Frame): void {
    const message = header(frame.headers, 'message') ?? 'the broker refused the request';
    const detail = frame.body.toString().slice(0, 1000);
    this.events.onRefused(new RelayError('ERR_BROKER_REFUSED', message, 'brokerRefused', detail));
  }
}
