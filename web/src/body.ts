/** A body as the page shows it: text, or hexadecimal when the bytes are not UTF-8. */
export interface ShownBody {
  text: string;
  /** Whether `text` is hexadecimal. */
  binary: boolean;
  /** A remark for the reader ("binary, 5 bytes"), or undefined when the text says it all. */
  note: string | undefined;
}

/** Characters of a text body and bytes of a binary one that are shown; a body can be a megabyte. */
const SHOWN_CHARACTERS = 10_000;
const SHOWN_BYTES = 256;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the bytes of a MESSAGE body readable. */
export function showBody(bytes: Uint8Array): ShownBody {
  const text = decode(bytes);
  if (text === undefined) {
    const shown = bytes.subarray(0, SHOWN_BYTES);
    const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const rest = bytes.length - shown.length;
    return {
      text: hex,
      binary: true,
      note: `binary, ${count(bytes.length, 'byte')}${rest > 0 ? `, the first ${SHOWN_BYTES} shown` : ''}`,
    };
  }
  if (text === '') return { text, binary: false, note: 'empty' };
  if (text.length <= SHOWN_CHARACTERS) return { text, binary: false, note: undefined };
  return {
    text: clip(text, SHOWN_CHARACTERS),
    binary: false,
    note: `${count(bytes.length, 'byte')}, the first ${SHOWN_CHARACTERS.toLocaleString('en')} characters shown`,
  };
}

/** At most `length` UTF-16 units of a text, with no half of a surrogate pair at its end. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function count(n: number, unit: string): string {
  return `${n.toLocaleString('en')} ${unit}${n === 1 ? '' : 's'}`;
}
