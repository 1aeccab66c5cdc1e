import { createLogger } from '../../src/logger.js';
import { encodeFrame } from '../../src/stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList } from '../../src/stomp/frame.js';
import type { LinkOptions } from '../../src/upstream/link.js';

/** Options of a link to the Web-STOMP address, whose URL carries the credentials. */
export function linkOptions(url: string, name = 'test'): LinkOptions {
  const parsed = new URL(url);
  const login = decodeURIComponent(parsed.username);
  const passcode = decodeURIComponent(parsed.password);
  parsed.username = '';
  parsed.password = '';
  return { name, url: parsed.href, login, passcode, vhost: '/', log: createLogger('silent') };
}

/** Options of a link that leads nowhere, for tests that never open it. */
export function nowhere(): LinkOptions {
  return linkOptions('ws://user:pass@127.0.0.1:1/ws');
}

/** A MESSAGE as a broker sends it. */
export function brokerMessage(headers: HeaderList, body = ''): Frame {
  return { command: 'MESSAGE', headers, body: Buffer.from(body) };
}

export function clientFrame(command: string, headers: HeaderList = [], body: Buffer = EMPTY_BODY): Buffer {
  return encodeFrame(command, headers, body, '1.2');
}
