import { describe, expect, it } from 'vitest';
import { clip, showBody } from '../src/body.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('showBody', () => {
  it('shows UTF-8 as it is, a byte order mark included', () => {
    expect(showBody(bytes('grüße 👋'))).toEqual({ text: 'grüße 👋', binary: false, note: undefined });
    expect(showBody(bytes('\uFEFFx')).text).toBe('\uFEFFx');
  });

  it('shows bytes that are not UTF-8 in hexadecimal', () => {
    expect(showBody(Uint8Array.of(0xff, 0x00, 0x0a))).toEqual({
      text: 'ff 00 0a',
      binary: true,
      note: 'binary, 3 bytes',
    });
    expect(showBody(Uint8Array.of(0xc3))).toEqual({ text: 'c3', binary: true, note: 'binary, 1 byte' });
  });

  it('says when there is nothing', () => {
    expect(showBody(new Uint8Array())).toEqual({ text: '', binary: false, note: 'empty' });
  });

  it('shows only the start of a long body', () => {
    const text = showBody(bytes('x'.repeat(20_000)));
    expect(text.text).toHaveLength(10_000);
    expect(text.note).toBe('20,000 bytes, the first 10,000 characters shown');
    const binary = showBody(new Uint8Array(1000).fill(0xff));
    expect(binary.text.split(' ')).toHaveLength(256);
    expect(binary.note).toBe('binary, 1,000 bytes, the first 256 shown');
  });
});

describe('clip', () => {
  it('never leaves half of a character', () => {
    expect(clip('ab👋', 3)).toBe('ab');
    expect(clip('ab👋', 4)).toBe('ab👋');
    expect(clip('abc', 2)).toBe('ab');
  });
});
