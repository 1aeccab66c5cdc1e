import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { closures } from '../../src/closures.js';
import { Outgoing } from '../../src/outbound/outgoing.js';
import { Lane } from '../../src/transport/lane.js';
import { websocketFrame } from '../../src/transport/websocket.js';
import { waitFor } from '../support/wait.js';
import { type Pair, TransportServer } from './sockets.js';

let server: TransportServer;
beforeAll(async () => {
  server = await TransportServer.open();
});
afterAll(() => server.close());

const text = (size: number) => new Outgoing(Buffer.alloc(size, 'x'));

/** A MESSAGE as small as it can be. */
const message = (body: string, destination: string) =>
  new Outgoing(Buffer.from(`MESSAGE\n\n${body}\0`), destination);

/** The client stops reading, and the kernels and the socket are filled up. @returns how many frames that took */
async function clog({ transport, wire }: Pair): Promise<number> {
  const filling = text(16 * 1024);
  wire.pause();
  let count = 0;
  while (!transport.congested) {
    transport.send(filling);
    count++;
    await turn();
  }
  return count;
}

function received(pair: Pair, count: number): Promise<true> {
  return waitFor(() => pair.messages.length >= count, {
    what: () => `${count} messages, have ${pair.messages.length}`,
  });
}

/** Everything that the relay wrote up to now has been handled by the client when this resolves. */
async function roundTrip(pair: Pair): Promise<void> {
  await turn();
  await new Promise<void>((resolve) => {
    pair.client.once('pong', () => resolve());
    pair.client.ping('end');
  });
}

describe('framing', () => {
  it.each([0, 1, 125, 126, 127, 65535, 65536, 70000])('%i bytes', (size) => {
    const frame = websocketFrame(0x82, Buffer.alloc(size, 7));
    const head = size < 126 ? 2 : size < 65536 ? 4 : 10;
    expect(frame.length).toBe(head + size);
    expect(frame[0]).toBe(0x82);
    // RFC 6455, 5.2: 7 bits, 126 and 16 bits, or 127 and 64 bits; never masked by a server.
    if (head === 2) expect(frame[1]).toBe(size);
    if (head === 4) expect([frame[1], frame.readUInt16BE(2)]).toEqual([126, size]);
    if (head === 10) expect([frame[1], frame.readBigUInt64BE(2)]).toEqual([127, BigInt(size)]);
    expect(frame.subarray(head).every((byte) => byte === 7)).toBe(true);
  });

  it('arrives whole and in order at every length, text where it is text', async () => {
    const pair = await server.pair();
    const sizes = [0, 125, 126, 65535, 65536, 300_000];
    for (const size of sizes) pair.transport.send(text(size));
    pair.transport.send(new Outgoing(Buffer.from([0xff, 0xfe])));
    pair.transport.send(new Outgoing(Buffer.from('ä€😀')));
    await received(pair, sizes.length + 2);
    expect(pair.messages.map(({ data }) => data.length)).toEqual([...sizes, 2, 9]);
    expect(pair.messages.map(({ binary }) => binary)).toEqual([...sizes.map(() => false), true, false]);
  });

  it('is done once for a frame that goes to many clients', async () => {
    const pairs = [await server.pair(), await server.pair()] as const;
    const frame = new Outgoing(Buffer.from('shared'));
    for (const { transport } of pairs) transport.send(frame);
    const { wire } = frame;
    await Promise.all(pairs.map((pair) => received(pair, 1)));
    pairs[0].transport.send(frame);
    await received(pairs[0], 2);
    expect(frame.wire).toBe(wire);
    expect(pairs.map(({ messages }) => String(messages[0]?.data))).toEqual(['shared', 'shared']);
  });
});

describe('writing', () => {
  it('puts the frames of one turn into one write', async () => {
    const pair = await server.pair();
    const sizes: number[] = [];
    pair.wire.on('data', (chunk: Buffer) => sizes.push(chunk.length));
    for (let i = 0; i < 10; i++) pair.transport.send(text(10));
    await received(pair, 10);
    expect(sizes).toEqual([120]);
  });

  it('mixes with what ws itself writes without breaking a frame', async () => {
    const pair = await server.pair();
    const pongs: string[] = [];
    pair.client.on('pong', (data: Buffer) => pongs.push(data.toString()));
    for (let i = 0; i < 200; i++) {
      pair.client.ping(String(i));
      pair.transport.send(text(i * 10));
      if (i % 20 === 0) await turn();
    }
    await waitFor(() => pongs.length === 200, { what: 'all pongs' });
    await received(pair, 200);
    expect(pair.messages.map(({ data }) => data.length)).toEqual(
      Array.from({ length: 200 }, (_, i) => i * 10),
    );
  });

  it('sends a heart-beat as one line end', async () => {
    const pair = await server.pair();
    pair.transport.sendHeartbeat();
    await received(pair, 1);
    expect(pair.messages[0]).toEqual({ data: Buffer.from('\n'), binary: false });
    expect(pair.transport.sent).toBe(0);
  });

  it('notes when bytes went out', async () => {
    const pair = await server.pair();
    pair.transport.lastWrite = 0;
    pair.transport.send(text(1));
    expect(pair.transport.lastWrite).toBe(0);
    await received(pair, 1);
    expect(pair.transport.lastWrite).toBeGreaterThan(0);
  });
});

describe('proof', () => {
  it('covers everything sent before it was asked for, with one ping', async () => {
    const pair = await server.pair();
    const pings: string[] = [];
    pair.client.on('ping', (data: Buffer) => pings.push(data.toString()));
    for (let i = 0; i < 3; i++) {
      pair.transport.send(text(5));
      pair.transport.requestProof();
    }
    await waitFor(() => pair.events.proofs.length, { what: 'a proof' });
    await roundTrip(pair);
    expect(pair.events.proofs).toEqual([3]);
    expect(pings).toEqual(['3']);
    expect(pair.transport.proofPendingSince).toBe(0);
  });

  it('waits for the one before it and then covers the rest', async () => {
    const pair = await server.pair({ autoPong: false });
    const pings: Buffer[] = [];
    pair.client.on('ping', (data: Buffer) => pings.push(data));
    pair.transport.send(text(1));
    pair.transport.requestProof();
    await waitFor(() => pings.length, { what: 'the first ping' });
    pair.transport.send(text(1));
    pair.transport.send(text(1));
    pair.transport.requestProof();
    pair.transport.requestProof();
    await roundTrip(pair);
    expect(pings.map(String)).toEqual(['1']);
    pair.client.pong(pings[0]);
    await waitFor(() => pings[1], { what: 'the second ping' });
    expect(pings.map(String)).toEqual(['1', '3']);
    expect(pair.events.proofs).toEqual([1]);
    pair.client.pong(pings[1]);
    await waitFor(() => pair.events.proofs.length === 2, { what: 'the second proof' });
    expect(pair.events.proofs).toEqual([1, 3]);
  });

  it.each(['', '0', '1', '3', '-2', 'x', '2.5', '99999999999999999999', 'y'.repeat(125)])(
    'is not what an unasked or wrong pong %j says',
    async (payload) => {
      const pair = await server.pair({ autoPong: false });
      pair.client.pong(payload);
      pair.transport.send(text(1));
      pair.transport.send(text(1));
      await received(pair, 2);
      pair.client.pong('2');
      await roundTrip(pair);
      expect(pair.events.proofs).toEqual([]);
      pair.transport.requestProof();
      pair.client.pong(payload);
      await roundTrip(pair);
      pair.client.pong(payload);
      await roundTrip(pair);
      expect(pair.events.proofs).toEqual([]);
      expect(pair.transport.proofPendingSince).toBeGreaterThan(0);
      pair.client.pong('2');
      await waitFor(() => pair.events.proofs.length, { what: 'the proof' });
      expect(pair.events.proofs).toEqual([2]);
    },
  );

  it('counts once: the same pong again, or an old one, proves nothing', async () => {
    const pair = await server.pair({ autoPong: false });
    const ask = async (count: number) => {
      pair.transport.send(text(1));
      pair.transport.requestProof();
      await received(pair, count);
      await roundTrip(pair);
    };
    await ask(1);
    pair.client.pong('1');
    pair.client.pong('1');
    await roundTrip(pair);
    await ask(2);
    pair.client.pong('1');
    await roundTrip(pair);
    expect(pair.events.proofs).toEqual([1]);
    pair.client.pong('2');
    await waitFor(() => pair.events.proofs.length === 2, { what: 'the second proof' });
  });
});

describe('a client that does not read', () => {
  it('overflows beyond the bytes that may wait, and not before', async () => {
    const pair = await server.pair({}, 256 * 1024);
    await clog(pair);
    const before = pair.socket.writableLength;
    const large = text(32 * 1024);
    for (let waiting = before; waiting + large.bytes.length <= 256 * 1024; waiting += large.bytes.length) {
      pair.transport.send(large);
      await turn();
    }
    expect(pair.events.overflows).toBe(0);
    // None of it has gone to the socket, where nobody gets it back.
    expect(pair.socket.writableLength).toBe(before);
    pair.transport.send(large);
    await turn();
    expect(pair.events.overflows).toBe(1);
    pair.transport.terminate();
    await waitFor(() => pair.events.closed, { what: 'the close' });
  });

  it('overflows with a burst that is too much at once', async () => {
    const pair = await server.pair({}, 256 * 1024);
    pair.wire.pause();
    // The kernels take a few megabytes of this, and the rest is before the socket.
    for (let i = 0; i < 32; i++) pair.transport.send(text(1 << 20));
    await turn();
    expect(pair.events.overflows).toBe(1);
    pair.transport.terminate();
  });

  it('is sent the newest only once it reads on, with what may not be dropped in its place', async () => {
    const pair = await server.pair();
    const filled = await clog(pair);
    const counts = { 'drop-oldest': 0, 'latest-only': 0 };
    const oldest = new Lane({ policy: 'drop-oldest', most: 2 }, counts);
    const latest = new Lane({ policy: 'latest-only' }, counts);
    pair.transport.sendHeartbeat();
    for (let i = 1; i <= 9; i++) {
      pair.transport.send(message(`old ${i}`, '/topic/a'), oldest);
      pair.transport.send(message(`gold ${i}`, '/topic/gold'), latest);
      pair.transport.send(message(`iron ${i}`, '/topic/iron'), latest);
      if (i % 4 === 0) pair.transport.send(new Outgoing(Buffer.from(`RECEIPT ${i}`)));
      await turn();
    }
    pair.transport.requestProof();
    await turn();
    expect(counts).toEqual({ 'drop-oldest': 7, 'latest-only': 16 });
    const { sent } = pair.transport;
    pair.wire.resume();
    await received(pair, filled + 6);
    await waitFor(() => pair.events.proofs.length > 0, { what: 'the proof' });
    expect(pair.events.proofs).toEqual([sent]);
    const rest = pair.messages.slice(filled).map(({ data }) => String(data));
    expect(rest).toEqual([
      'MESSAGE\nrelay-dropped:16\n\ngold 9\0',
      'MESSAGE\n\niron 9\0',
      'RECEIPT 4',
      'MESSAGE\nrelay-dropped:7\n\nold 8\0',
      'RECEIPT 8',
      'MESSAGE\n\nold 9\0',
    ]);
    // Who keeps up gets the shared bytes again.
    expect([pair.transport.congested, pair.events.drains]).toEqual([false, 1]);
    const shared = message('shared', '/topic/gold');
    pair.transport.send(shared, latest);
    await received(pair, filled + 7);
    expect(String(pair.messages.at(-1)?.data)).toBe('MESSAGE\n\nshared\0');
    expect(shared.wire).toBeDefined();
  });

  it('gets megabytes that waited whole and in order, while ws answers its pings', async () => {
    const pair = await server.pair({}, 16 << 20);
    const filled = await clog(pair);
    const sizes = Array.from({ length: 200 }, (_, i) => 100 + ((i * 7919) % 60_000));
    for (const size of sizes) {
      pair.transport.send(text(size));
      if (size % 5 === 0) await turn();
      if (size % 11 === 0) pair.client.ping('in between');
    }
    pair.wire.resume();
    await received(pair, filled + sizes.length);
    expect(pair.messages.slice(filled).map(({ data }) => data.length)).toEqual(sizes);
    await waitFor(() => !pair.transport.congested, { what: 'the end of it' });
  });

  it('is sent everything that waits before the close', async () => {
    const pair = await server.pair();
    const filled = await clog(pair);
    for (let i = 0; i < 5; i++) pair.transport.send(text(1000 + i));
    pair.transport.close(closures.slowConsumer);
    pair.wire.resume();
    await waitFor(() => pair.events.closed, { what: 'onClose' });
    expect(pair.events.closed).toBe(4429);
    expect(pair.messages.slice(filled).map(({ data }) => data.length)).toEqual([
      1000, 1001, 1002, 1003, 1004,
    ]);
  });
});

describe('a client that is cut', () => {
  it('costs nothing for each of the writes that wait for it', async () => {
    const pair = await server.pair();
    pair.wire.pause();
    const errors: unknown[] = [];
    const write = () => pair.socket.write(Buffer.alloc(65_536), (error) => error && errors.push(error));
    // More than the kernel takes, so that the rest waits in here.
    while (pair.socket.writableLength < 1 << 20) write();
    await turn();
    for (let i = 0; i < 100; i++) write();
    pair.transport.terminate();
    await waitFor(() => errors.length >= 100, { what: 'the end of the writes' });
    // The one that the kernel had begun has an error of its own.
    expect(new Set(errors).size).toBeLessThanOrEqual(2);
    await waitFor(() => pair.events.closed, { what: 'the close' });
  });
});

describe('reading', () => {
  it('hands on text and binary messages alike', async () => {
    const pair = await server.pair();
    pair.client.send('one');
    pair.client.send(Buffer.from('two'));
    await waitFor(() => pair.events.data.length === 2, { what: 'the data' });
    expect(pair.events.data).toEqual(['one', 'two']);
  });

  it('stops while paused and loses nothing', async () => {
    const pair = await server.pair();
    pair.transport.pause();
    for (let i = 0; i < 50; i++) pair.client.send(String(i));
    // The other way still works, and what it brings was sent after all that is to be held back.
    pair.transport.send(text(3));
    await received(pair, 1);
    expect(pair.events.data).toEqual([]);
    pair.transport.resume();
    await waitFor(() => pair.events.data.length === 50, { what: 'the rest' });
    expect(pair.events.data).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
  });
});

describe('close', () => {
  const closed = (client: WebSocket) =>
    new Promise<{ code: number; reason: string }>((resolve) => {
      client.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });

  it('sends what is queued, then the code and the reason', async () => {
    const pair = await server.pair();
    const over = closed(pair.client);
    for (let i = 0; i < 5; i++) pair.transport.send(text(70_000));
    pair.transport.close(closures.forbidden);
    expect(await over).toEqual({ code: 4403, reason: closures.forbidden.reason });
    expect(pair.messages.map(({ data }) => data.length)).toEqual(Array(5).fill(70_000));
    await waitFor(() => pair.events.closed, { what: 'onClose' });
    expect(pair.events.closed).toBe(4403);
  });

  it('ends a paused connection too', async () => {
    const pair = await server.pair();
    const over = closed(pair.client);
    pair.transport.pause();
    pair.transport.close(closures.normal);
    expect((await over).code).toBe(1000);
    await waitFor(() => pair.events.closed, { what: 'onClose' });
  });

  it('drops what is sent after it, and writes nothing behind the close frame', async () => {
    const pair = await server.pair();
    const over = closed(pair.client);
    pair.transport.close(closures.normal);
    pair.transport.send(text(5));
    pair.transport.sendHeartbeat();
    pair.transport.requestProof();
    expect((await over).code).toBe(1000);
    expect(pair.messages).toEqual([]);
  });

  it('ends the socket by force when the client does not answer', async () => {
    const pair = await server.pair();
    pair.wire.pause();
    pair.transport.close(closures.normal);
    await waitFor(() => pair.events.closed, { what: 'onClose' });
    expect(pair.socket.destroyed).toBe(true);
    expect(pair.events.closed).toBe(1006);
  });

  it('tells when the client goes', async () => {
    const pair = await server.pair();
    pair.client.close(1000);
    await waitFor(() => pair.events.closed, { what: 'onClose' });
    expect(pair.events.closed).toBe(1000);
  });

  it('answers a message that is too large with 1009', async () => {
    const pair = await server.pair();
    const over = closed(pair.client);
    pair.client.send(Buffer.alloc((4 << 20) + 1));
    expect((await over).code).toBe(1009);
  });
});
