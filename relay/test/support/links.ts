import { createLogger } from '../../src/logger.js';
import { encodeFrame } from '../../src/stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList } from '../../src/stomp/frame.js';
import type { LinkOptions } from '../../src/upstream/link.js';
import { broker } from './broker.js';

/** Options of a link to the broker of this file. */
export function linkOptions(webStompUrl: string): LinkOptions {
  return optionsOf(webStompUrl, broker().vhost);
}

/** Options of a link that leads nowhere, for tests that never open it. */
export function nowhere(): LinkOptions {
  return optionsOf('ws://user:pass@127.0.0.1:1/ws', '/');
}

/** @param webStompUrl carries the credentials. */
function optionsOf(webStompUrl: string, vhost: string): LinkOptions {
  const url = new URL(webStompUrl);
  const login = decodeURIComponent(url.username);
  const passcode = decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  return { name: 'test', url: url.href, login, passcode, vhost, log: createLogger('silent') };
}

/** A MESSAGE as a broker sends it. */
export function brokerMessage(headers: HeaderList, body = ''): Frame {
  return { command: 'MESSAGE', headers, body: Buffer.from(body) };
}

export function clientFrame(command: string, headers: HeaderList = [], body: Buffer = EMPTY_BODY): Buffer {
  return encodeFrame(command, headers, body, '1.2');
}
