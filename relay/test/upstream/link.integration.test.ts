import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Frame, header } from '../../src/stomp/frame.js';
import { Link, type LinkEvents, type LinkOptions } from '../../src/upstream/link.js';
import { broker } from '../support/broker.js';
import { clientFrame, linkOptions } from '../support/links.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

/** Notes what a link tells. */
class Notes implements LinkEvents {
  ups = 0;
  readonly frames: Frame[] = [];
  readonly errors: Frame[] = [];
  readonly downs: string[] = [];
  onUp(): void {
    this.ups++;
  }
  onFrame(frame: Frame): void {
    this.frames.push(frame);
  }
  onError(frame: Frame): void {
    this.errors.push(frame);
  }
  onDown(reason: string): void {
    this.downs.push(reason);
  }
}

let proxy: CuttingProxy;
let notes: Notes;
let link: Link;

function open(options: Partial<LinkOptions> = {}): void {
  link = new Link({ ...linkOptions(proxy.url), ...options }, notes);
  link.open();
}

const up = (times: number) => waitFor(() => notes.ups >= times && link.up, { what: `up ${times} times` });

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().webStompUrl);
  notes = new Notes();
});
afterEach(async () => {
  link.close();
  await proxy.close();
});

it('comes up, and knows the broker’s name for the connection', async () => {
  open();
  expect(link.up).toBe(false);
  expect(link.lastError).toBeDefined();
  await up(1);
  expect(link.session).not.toBe('');
  expect([link.lastError, link.refused]).toEqual([undefined, false]);
});

it('carries frames both ways, in order, those of one turn together', async () => {
  const destination = `/topic/${unique('link')}`;
  open();
  await up(1);
  link.send('SUBSCRIBE', ['id', 's', 'destination', destination, 'ack', 'auto', 'receipt', 'r']);
  for (let i = 0; i < 100; i++)
    link.write(clientFrame('SEND', ['destination', destination], Buffer.from([i])));
  await waitFor(() => notes.frames.length === 101, { what: 'all frames' });
  const messages = notes.frames.filter(({ command }) => command === 'MESSAGE');
  expect(messages.map(({ body }) => body[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(notes.frames.map(({ headers }) => header(headers, 'receipt-id'))).toContain('r');
});

it('comes back as often as it is cut, with a new session', async () => {
  open();
  const sessions = new Set<string>();
  for (let times = 1; times <= 3; times++) {
    await up(times);
    sessions.add(link.session);
    proxy.cut();
    await waitFor(() => notes.downs.length === times, { what: 'the loss' });
    expect(link.up).toBe(false);
    expect(link.lastError).toBeDefined();
  }
  await up(4);
  expect(sessions.size).toBe(3);
});

it('keeps trying while the broker is away', async () => {
  proxy.fail();
  open();
  await waitFor(() => proxy.refused >= 3, { what: 'attempts' });
  expect(notes.ups).toBe(0);
  proxy.restore();
  await up(1);
});

it('comes back after an ERROR, which it tells', async () => {
  open();
  await up(1);
  link.send('SUBSCRIBE', ['id', 's', 'destination', '/nonsense/x']);
  await waitFor(() => notes.errors.length, { what: 'the ERROR' });
  await up(2);
  expect(notes.downs[0]).toContain(header(notes.errors[0]?.headers ?? [], 'message') ?? '-');
});

it('drops what was written while it goes down: nothing of it turns up on the next connection', async () => {
  const destination = `/topic/${unique('link')}`;
  open();
  await up(1);
  link.send('SEND', ['destination', destination]);
  proxy.fail();
  await waitFor(() => notes.downs.length, { what: 'the loss' });
  link.send('SEND', ['destination', destination]);
  expect(link.bufferedBytes).toBe(0);
  proxy.restore();
  await up(2);
  link.send('SUBSCRIBE', ['id', 's', 'destination', destination, 'ack', 'auto', 'receipt', 'r']);
  await waitFor(() => notes.frames.length, { what: 'the receipt' });
  expect(notes.frames.map(({ command }) => command)).toEqual(['RECEIPT']);
});

describe('a login that the broker refuses', () => {
  it('is told, without the password', async () => {
    open({ passcode: 'wrong-password' });
    await waitFor(() => link.refused, { what: 'the refusal' });
    expect(link.lastError).toContain('Bad CONNECT');
    expect(JSON.stringify([link.lastError, ...notes.downs])).not.toContain('wrong-password');
    expect(notes.ups).toBe(0);
  });
});

describe('close', () => {
  it('lets what was written still go out, and is for good', async () => {
    const destination = `/topic/${unique('link')}`;
    open();
    await up(1);
    const reader = new Notes();
    const other = new Link(linkOptions(broker().webStompUrl), reader);
    other.open();
    await waitFor(() => other.up, { what: 'the reader' });
    other.send('SUBSCRIBE', ['id', 's', 'destination', destination, 'ack', 'auto', 'receipt', 'r']);
    await waitFor(() => reader.frames.length, { what: 'the receipt' });
    link.send('SEND', ['destination', destination], Buffer.from('last words'));
    link.close();
    await waitFor(() => reader.frames.length === 2, { what: 'the message' });
    expect(reader.frames[1]?.body.toString()).toBe('last words');
    other.close();
    expect([notes.downs, link.up]).toEqual([[], false]);
    link.open();
    expect(proxy.passed).toBe(1);
  });

  it('works before it is up', async () => {
    proxy.fail();
    open();
    link.close();
    proxy.restore();
    expect([notes.ups, notes.downs]).toEqual([0, []]);
  });
});
