/** Bytes as people read them: what is no printable ASCII is escaped. */
export function printable(bytes: Buffer, most = 400): string {
  const text = JSON.stringify(bytes.subarray(0, most).toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16)}`,
  );
  return bytes.length > most ? `${text} … (${bytes.length} bytes)` : text;
}
