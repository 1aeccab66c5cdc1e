import { expect, test } from 'vitest';
import { type DecodedFrame, SocketFrames, UNREADABLE } from '../../playwright/frames/socket-frames.js';

const CONNECT = 'CONNECT\naccept-version:1.2\nhost:x\n\n\0';
const CONNECTED = 'CONNECTED\nversion:1.2\n\n\0';
const message = (body: string) => `MESSAGE\ndestination:/topic/a\n\n${body}\0`;

function read(url = 'ws://127.0.0.1:1/ws') {
  const frames: DecodedFrame[] = [];
  return { frames, socket: new SocketFrames(url, (frame) => frames.push(frame)) };
}

test('several frames in one message, one frame in several, heart-beats between', () => {
  const { frames, socket } = read();
  socket.push('out', CONNECT);
  socket.push('in', `${CONNECTED}\n\n${message('one')}${message('two').slice(0, 12)}`);
  socket.push('in', message('two').slice(12));
  expect(frames.map(({ direction, command, body }) => [direction, command, body])).toEqual([
    ['out', 'CONNECT', ''],
    ['in', 'CONNECTED', ''],
    ['in', 'MESSAGE', 'one'],
    ['in', 'MESSAGE', 'two'],
  ]);
});

test('bytes that are no UTF-8 stay what they are, also after the next message has come', () => {
  const { frames, socket } = read();
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  const head = Buffer.from(`MESSAGE\ndestination:/topic/a\ncontent-length:${bytes.length}\n\n`);
  const chunk = Buffer.concat([head, bytes, Buffer.from('\0')]);
  socket.push('in', chunk);
  chunk.fill(0);
  expect(Buffer.from(frames[0]?.bytes ?? [])).toEqual(bytes);
});

test('headers: the first one counts, escapes are undone by the version that was agreed on', () => {
  const { frames, socket } = read();
  socket.push('in', CONNECTED);
  socket.push('in', 'MESSAGE\na:1\\c2\\r\na:3\n\n\0');
  expect(frames[1]?.headers.a).toBe('1:2\r');
  const old = read();
  old.socket.push('in', 'CONNECTED\n\n\0');
  old.socket.push('in', 'MESSAGE\na:1\\c2\n\n\0');
  expect(old.frames[1]?.headers.a).toBe('1\\c2');
});

test('what is no STOMP is one unreadable frame, and the other direction goes on', () => {
  const { frames, socket } = read();
  socket.push('out', '{"type":"subscribe"}\n');
  socket.push('out', '{"type":"subscribe"}\n');
  socket.push('in', message('still here'));
  expect(frames.map(({ command }) => command)).toEqual([UNREADABLE, 'MESSAGE']);
});

test('SockJS is unwrapped, base64 bodies too', () => {
  const { frames, socket } = read('ws://127.0.0.1:1/sockjs/123/abcdefgh/websocket');
  const payload = Buffer.from([0xff, 0x01]);
  const wrapped = message(payload.toString('base64')).replace(
    'MESSAGE\n',
    'MESSAGE\nrelay-encoding:base64\n',
  );
  socket.push('in', 'o');
  socket.push('out', JSON.stringify([CONNECT]));
  socket.push('in', `a${JSON.stringify([CONNECTED, message('one')])}`);
  socket.push('in', 'h');
  socket.push('in', `a${JSON.stringify([wrapped])}`);
  socket.push('in', 'c[3000,"Go away!"]');
  expect(frames.map(({ command }) => command)).toEqual(['CONNECT', 'CONNECTED', 'MESSAGE', 'MESSAGE']);
  expect(Buffer.from(frames[3]?.bytes ?? [])).toEqual(payload);
});

test('a raw WebSocket of SockJS is plain STOMP', () => {
  const { frames, socket } = read('ws://127.0.0.1:1/sockjs/websocket');
  socket.push('out', CONNECT);
  expect(frames.map(({ command }) => command)).toEqual(['CONNECT']);
});
