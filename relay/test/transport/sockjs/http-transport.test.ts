import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { Outgoing } from '../../../src/outbound/outgoing.js';
import { WriteScheduler } from '../../../src/transport/scheduler.js';
import { SockjsTransport } from '../../../src/transport/sockjs/http-transport.js';
import type { Channel } from '../../../src/transport/sockjs/package.js';
import { Events } from '../sockets.js';

// What takes tens of megabytes on real sockets, whose buffers swallow less than that: answers that are stuck half-way.

class Response extends EventEmitter {
  writableFinished = false;
  writableEnded = true;
  writableNeedDrain = false;
  writableLength = 0;
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  finish(): void {
    this.writableFinished = true;
    this.emit('finish');
    this.emit('close');
  }

  get asAnswer(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

/** A poll is answered by the first messages, or at once by those that wait. */
class Polls implements Channel {
  receiving = false;
  discarded = false;
  readonly answers: string[][] = [];
  private waiting: string[] = [];

  send(messages: readonly string[]): void {
    this.waiting.push(...messages);
    if (this.receiving) this.answer();
  }

  ask(): void {
    this.receiving = true;
    if (this.waiting.length > 0) this.answer();
  }

  heartbeat(): void {
    this.endAnswer();
  }

  endAnswer(): void {
    this.receiving = false;
  }

  close(): void {}

  discard(): void {
    this.discarded = true;
  }

  private answer(): void {
    this.answers.push(this.waiting);
    this.waiting = [];
    this.receiving = false;
  }
}

function rig() {
  const channel = new Polls();
  const events = new Events();
  const transport = new SockjsTransport(channel, 'test', new WriteScheduler(), 1 << 20, () => {}, 'xhr');
  transport.attach(events);
  const first = new Response();
  transport.opened(first.asAnswer, false);
  first.finish();
  const poll = () => {
    const response = new Response();
    transport.receive(response.asAnswer, false, () => channel.ask());
    return response;
  };
  return { channel, events, transport, poll };
}

const message = () => new Outgoing(Buffer.from('MESSAGE\n\n\0'));

it('a request that comes before the end of the former answer proves nothing of it', () => {
  const { channel, events, transport, poll } = rig();
  transport.send(message());
  const stuck = poll();
  expect(channel.answers).toHaveLength(1);
  expect(events.proofs).toEqual([0]);
  transport.send(message());
  const second = poll();
  expect(channel.answers).toHaveLength(2);
  expect(events.proofs).toEqual([0]);
  stuck.finish();
  second.finish();
  poll();
  expect(events.proofs).toEqual([0, 2]);
});

it('an answer that is cut before its end is the end', () => {
  const { channel, transport, poll } = rig();
  transport.send(message());
  const cut = poll();
  cut.emit('close');
  expect(channel.discarded).toBe(true);
  expect(cut.destroyed).toBe(true);
});

it('an answer that has gone out whole is not', () => {
  const { channel, transport, poll } = rig();
  transport.send(message());
  poll().finish();
  expect(channel.discarded).toBe(false);
});

it('a stream that is full is given no more until it has drained', async () => {
  const channel = new Polls();
  const transport = new SockjsTransport(channel, 'test', new WriteScheduler(), 1 << 20, () => {}, 'xhr');
  transport.attach(new Events());
  const stream = new Response();
  channel.receiving = true;
  stream.writableNeedDrain = true;
  transport.opened(stream.asAnswer, true);
  transport.send(message());
  await new Promise(setImmediate);
  expect(channel.answers).toEqual([]);
  stream.writableNeedDrain = false;
  stream.emit('drain');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(channel.answers).toHaveLength(1);
});

it('a request beside an open one is not the answer that counts', async () => {
  const { events, transport, poll } = rig();
  const open = poll();
  poll().finish();
  transport.send(message());
  await new Promise(setImmediate);
  poll();
  expect(events.proofs).toEqual([0]);
  open.finish();
});
