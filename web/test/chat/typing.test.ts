import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TYPING_EVERY, TYPING_SHOWN, TypingBoard, TypingVoice, typingText } from '../../src/chat/typing.js';

const bob = { type: 'person', id: 'bob' } as const;
const lobby = { type: 'room', id: 'lobby' } as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('who is typing', () => {
  it('is shown for four seconds after the last signal', () => {
    const board = new TypingBoard();
    board.heard(bob, 'bob', true);
    vi.advanceTimersByTime(TYPING_SHOWN - 1);
    board.heard(bob, 'bob', true);
    vi.advanceTimersByTime(TYPING_SHOWN - 1);
    expect(board.people.value.get('person:bob')).toEqual(['bob']);
    vi.advanceTimersByTime(1);
    expect(board.people.value.size).toBe(0);
  });

  it('goes at once when they say so, and no timer of theirs is left', () => {
    const board = new TypingBoard();
    board.heard(lobby, 'bob', true);
    board.heard(lobby, 'carol', true);
    board.heard(lobby, 'bob', false);
    expect(board.people.value.get('room:lobby')).toEqual(['carol']);
    board.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect(board.people.value.size).toBe(0);
  });

  it('is told by place: a room and a person are two', () => {
    const board = new TypingBoard();
    board.heard({ type: 'room', id: 'bob' }, 'carol', true);
    expect(board.people.value.get('person:bob')).toBeUndefined();
  });
});

describe('saying that one types', () => {
  const voice = () => {
    const said: string[] = [];
    return { said, voice: new TypingVoice((place, typing) => said.push(`${place.id} ${typing}`)) };
  };

  it('says so once in two seconds, however fast one types', () => {
    const { said, voice: v } = voice();
    for (let i = 0; i < 10; i++) {
      v.key(bob, 'h');
      vi.advanceTimersByTime(TYPING_EVERY / 10);
    }
    expect(said).toEqual(['bob true']);
    v.key(bob, 'he');
    expect(said).toEqual(['bob true', 'bob true']);
  });

  it('says once that one stopped', () => {
    const { said, voice: v } = voice();
    v.stop();
    v.key(bob, 'h');
    v.stop();
    v.stop();
    expect(said).toEqual(['bob true', 'bob false']);
  });

  it('stops when the text is empty again, and where one was when one goes elsewhere', () => {
    const { said, voice: v } = voice();
    v.key(bob, 'h');
    v.key(bob, '  ');
    v.key(bob, 'h');
    v.key(lobby, 'x');
    expect(said).toEqual(['bob true', 'bob false', 'bob true', 'bob false', 'lobby true']);
  });
});

it('names who is typing', () => {
  expect(typingText([])).toBe('');
  expect(typingText(['bob'])).toBe('bob is typing');
  expect(typingText(['bob', 'carol'])).toBe('bob and carol are typing');
  expect(typingText(['bob', 'carol', 'dave'])).toBe('bob, carol and 1 other are typing');
  expect(typingText(['bob', 'carol', 'dave', 'eve'])).toBe('bob, carol and 2 others are typing');
});
