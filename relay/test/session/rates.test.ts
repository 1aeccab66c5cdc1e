import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { header } from '../../src/stomp/frame.js';
import { clientFrame } from '../support/links.js';
import { Rig } from './rig.js';

let rig: Rig;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  rig.close();
  vi.useRealTimers();
});

async function connected(limits: ConstructorParameters<typeof Rig>[0]): Promise<void> {
  rig = new Rig(limits);
  await rig.connect();
  rig.frames.length = 0;
}

/** Lets the clock run with the sweep. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    await vi.advanceTimersByTimeAsync(Math.min(left, 250));
    rig.session.tick(Date.now());
  }
}

/** What was handled: each frame that is sent asks for a receipt. */
const handled = () =>
  rig.frames
    .filter(({ command }) => command === 'RECEIPT')
    .map(({ headers }) => header(headers, 'receipt-id'));

let names = 0;
/** Frames that need no broker. */
function begin(count: number): string[] {
  return Array.from({ length: count }, () => {
    const name = `n${names++}`;
    rig.send('BEGIN', ['transaction', name, 'receipt', name]);
    rig.send('ABORT', ['transaction', name]);
    return name;
  });
}

async function throttlings(limit: string): Promise<number> {
  const { values } = await rig.services.metrics.limits.get();
  return values.find(({ labels }) => labels.limit === limit)?.value ?? 0;
}

describe('frames', () => {
  it('pass at once within twice the rate, then at the rate, all of them and in order', async () => {
    await connected({ sendRate: 100 });
    const sent = begin(250);
    // CONNECT was a frame, too.
    expect(handled().length).toBe(100);
    expect(rig.transport.paused).toBe(true);
    await pass(1000);
    expect(handled().length).toBeGreaterThanOrEqual(148);
    expect(handled().length).toBeLessThanOrEqual(150);
    await pass(3000);
    expect(handled()).toEqual(sent);
    expect(rig.transport.paused).toBe(false);
    expect(await throttlings('RELAY_SEND_RATE')).toBe(1);
  });

  it('wait no longer than their own turn: an ACK behind a burst comes as soon as the burst is through', async () => {
    await connected({ sendRate: 100 });
    begin(110);
    rig.send('BEGIN', ['transaction', 'last', 'receipt', 'last']);
    await pass(250);
    expect(handled().at(-1)).toBe('last');
  });

  it('have other tokens than subscriptions', async () => {
    await connected({ sendRate: 10, subscribeRate: 2 });
    for (let i = 0; i < 6; i++) rig.send('SUBSCRIBE', ['id', `${i}`, 'destination', `/topic/${i}`]);
    expect(rig.session.subscriptions.size).toBe(4);
    expect(await throttlings('RELAY_SUBSCRIBE_RATE')).toBe(1);
    await pass(1000);
    expect(rig.session.subscriptions.size).toBe(6);
    rig.send('UNSUBSCRIBE', ['id', '0']);
    expect(rig.session.subscriptions.size).toBe(6);
    await pass(500);
    expect(rig.session.subscriptions.size).toBe(5);
  });
});

describe('bytes', () => {
  it('stop the client when there are too many, until they are paid for', async () => {
    await connected({ receiveRate: 10_000 });
    const big = clientFrame('SEND', ['destination', '/topic/x'], Buffer.alloc(30_000));
    rig.session.onData(big);
    expect(rig.transport.paused).toBe(true);
    await pass(750);
    expect(rig.transport.paused).toBe(true);
    await pass(500);
    expect(rig.transport.paused).toBe(false);
    expect(await throttlings('RELAY_RECEIVE_RATE')).toBe(1);
  });

  it('that complete no frame count as one', async () => {
    await connected({ sendRate: 100 });
    for (let i = 0; i < 250; i++) rig.session.onData(Buffer.from('\n'));
    expect(rig.transport.paused).toBe(true);
    await pass(1000);
    expect(rig.transport.paused).toBe(false);
  });
});

describe('a client that is too fast for too long', () => {
  /** Always a hundred frames ahead of what it may. */
  async function flood(ms: number): Promise<void> {
    for (let passed = 0; passed < ms && !rig.session.isClosed; passed += 250) {
      begin(50);
      await pass(250);
    }
  }

  it('is closed', async () => {
    await connected({ sendRate: 100, throttleTime: 5000 });
    await flood(4000);
    expect(rig.transport.closed).toBeUndefined();
    await flood(3000);
    expect(rig.transport.closed?.code).toBe(4430);
    expect(header(rig.frames.at(-1)?.headers ?? [], 'code')).toBe('ERR_TOO_FAST');
    expect(await throttlings('RELAY_THROTTLE_TIME')).toBe(1);
  });

  it('is forgiven when it makes a pause', async () => {
    await connected({ sendRate: 100, throttleTime: 8000 });
    for (let round = 0; round < 4; round++) {
      await flood(2000);
      await pass(8000);
    }
    expect(rig.transport.closed).toBeUndefined();
    expect(await throttlings('RELAY_SEND_RATE')).toBe(4);
  });

  it('is not taken for a client that is gone, nor for one that acknowledges nothing', async () => {
    rig = new Rig({ sendRate: 1, throttleTime: 600_000, ackTimeout: 5000 });
    await rig.connect('heart-beat', '1000,1000');
    const { acknowledgements } = rig.session;
    acknowledgements.add(acknowledgements.register(false), 'm', { confirm() {}, release() {} } as never);
    begin(20);
    rig.send('ACK', ['id', '1:m']);
    await pass(20_000);
    expect(rig.transport.closed).toBeUndefined();
    await pass(30_000);
    expect(acknowledgements.has('1:m')).toBe(false);
  });
});
