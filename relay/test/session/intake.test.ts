import { beforeEach, describe, expect, it } from 'vitest';
import { Intake } from '../../src/session/intake.js';
import { EMPTY_BODY, type Frame } from '../../src/stomp/frame.js';
import { RecordingTransport } from './rig.js';

const KIB = 1024;
let transport: RecordingTransport;
let intake: Intake;
/** The names of the frames that were handled, in order. */
let handled: string[];
/** What handling a frame of this name does; once. */
let reactions: Map<string, (frame: Frame) => void>;

beforeEach(() => {
  transport = new RecordingTransport();
  handled = [];
  reactions = new Map();
  intake = new Intake(transport, (frame) => {
    const reaction = reactions.get(frame.command);
    reactions.delete(frame.command);
    if (reaction) reaction(frame);
    else handled.push(frame.command);
  });
});

function receive(names: string, body = EMPTY_BODY): void {
  for (const command of names) intake.receive({ command, headers: [], body });
}

/** The next frame of this name is handled, and stops all that come after it. */
function holdAfter(name: string): void {
  reactions.set(name, () => {
    handled.push(name);
    intake.hold();
  });
}

/** The next frame of this name has to wait itself. */
function holdBefore(name: string): void {
  reactions.set(name, (frame) => intake.hold(frame));
}

const order = () => handled.join('');

describe('order', () => {
  it('is that of the client while nothing waits', () => {
    receive('abc');
    expect(order()).toBe('abc');
  });

  it('is kept over a hold', () => {
    holdAfter('b');
    receive('abcd');
    expect(order()).toBe('ab');
    receive('ef');
    intake.release();
    receive('g');
    expect(order()).toBe('abcdefg');
  });

  it('is kept for a frame that has to wait itself', () => {
    holdBefore('b');
    receive('abcd');
    expect(order()).toBe('a');
    intake.release();
    expect(order()).toBe('abcd');
  });

  it('is kept when frames that are let go stop the ones after them, again and again', () => {
    holdAfter('a');
    receive('abcdef');
    holdBefore('c');
    holdAfter('e');
    intake.release();
    expect(order()).toBe('ab');
    receive('gh');
    // The same frame may have to wait more than once.
    holdBefore('c');
    intake.release();
    expect(order()).toBe('ab');
    intake.release();
    expect(order()).toBe('abcde');
    receive('i');
    intake.release();
    expect(order()).toBe('abcdefghi');
  });

  it('is kept when one hold comes on top of another, until the last of them ends', () => {
    holdAfter('a');
    receive('abc');
    intake.hold();
    intake.hold({ command: '0', headers: [], body: EMPTY_BODY });
    intake.release();
    intake.release();
    expect(order()).toBe('a');
    intake.release();
    expect(order()).toBe('a0bc');
    // One release too many lets nothing through that is held later.
    intake.release();
    intake.hold();
    receive('d');
    expect(order()).toBe('a0bc');
    intake.release();
    expect(order()).toBe('a0bcd');
  });

  it('is kept when a frame is held and let go while it is handled', () => {
    holdAfter('a');
    receive('abcd');
    reactions.set('b', () => {
      intake.hold();
      handled.push('b');
      intake.release();
    });
    intake.release();
    expect(order()).toBe('abcd');
  });
});

describe('the bound', () => {
  const body = Buffer.alloc(100 * KIB);

  it('leaves a client alone that stays under it, however long it waits', () => {
    intake.hold();
    receive('ab', body);
    expect([intake.paused, transport.paused]).toEqual([false, false]);
  });

  it('pauses a client that goes over it, until all is handled', () => {
    intake.hold();
    receive('abc', body);
    expect([intake.paused, transport.paused]).toEqual([true, true]);
    holdAfter('b');
    intake.release();
    expect([order(), transport.paused]).toEqual(['ab', true]);
    intake.release();
    expect([order(), intake.paused, transport.paused]).toEqual(['abc', false, false]);
  });

  it('counts what waits now, not what waited before', () => {
    for (let round = 0; round < 5; round++) {
      intake.hold();
      receive('ab', body);
      intake.release();
    }
    intake.hold();
    receive('ab', body);
    expect(transport.paused).toBe(false);
  });

  it('counts frames without a body too', () => {
    intake.hold();
    receive('x'.repeat(600));
    expect(transport.paused).toBe(true);
  });
});

describe('the greatest bound', () => {
  const refusal = expect.objectContaining({ code: 'ERR_TOO_MANY_FRAMES', closure: 'limitExceeded' });

  it('is over when 32 MiB wait', () => {
    intake.hold();
    receive('x'.repeat(31), Buffer.alloc(KIB * KIB));
    expect(() => receive('x', Buffer.alloc(KIB * KIB))).toThrow(refusal);
    expect(order()).toBe('');
  });

  it('is over for tiny frames long before there are millions', () => {
    intake.hold();
    expect(() => receive('x'.repeat(100_000))).toThrow(refusal);
  });

  it('never refuses while frames are handled as they come', () => {
    receive('x'.repeat(40), Buffer.alloc(KIB * KIB));
    expect(handled).toHaveLength(40);
  });
});

describe('a link that does not keep up', () => {
  const link = { congested: true };
  beforeEach(() => {
    link.congested = true;
  });

  it('stops the client until it has drained', () => {
    reactions.set('a', () => {
      handled.push('a');
      intake.throttle(link);
    });
    receive('abc');
    intake.tick();
    expect([order(), transport.paused]).toEqual(['a', true]);
    link.congested = false;
    expect(order()).toBe('a');
    intake.tick();
    expect([order(), transport.paused]).toEqual(['abc', false]);
  });

  it('stops it again when what waited fills the link again', () => {
    for (const name of 'ab') {
      reactions.set(name, () => {
        handled.push(name);
        link.congested = true;
        intake.throttle(link);
      });
    }
    receive('abc');
    link.congested = false;
    intake.tick();
    expect([order(), transport.paused]).toEqual(['ab', true]);
    link.congested = false;
    intake.tick();
    expect([order(), transport.paused]).toEqual(['abc', false]);
  });

  it('is none of its business while it keeps up', () => {
    link.congested = false;
    intake.throttle(link);
    receive('a');
    intake.tick();
    expect([order(), transport.paused]).toEqual(['a', false]);
  });
});

it('drops what waits when it stops', () => {
  intake.throttle({ congested: true });
  receive('ab');
  intake.stop();
  intake.tick();
  intake.release();
  expect([order(), intake.paused]).toEqual(['', false]);
});
