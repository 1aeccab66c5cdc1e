import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

/** Enough for one test's part at level trace. */
const KEPT = 512 * 1024;

/** What a relay prints: all of it in a file, and the latest in memory for a report. */
export class RelayLog {
  #latest = Buffer.alloc(0);
  #file: WriteStream | undefined;

  /** @param file is made with its folder when the first line comes. */
  constructor(private readonly file: string) {}

  write(chunk: Buffer): void {
    this.#file ??= this.#open();
    this.#file.write(chunk);
    this.#latest = Buffer.concat([this.#latest, chunk]).subarray(-KEPT);
  }

  /** What has come since the last call. */
  takeLatest(): string {
    const text = this.#latest.toString();
    this.#latest = Buffer.alloc(0);
    return text;
  }

  close(): void {
    this.#file?.end();
  }

  #open(): WriteStream {
    mkdirSync(dirname(this.file), { recursive: true });
    const stream = createWriteStream(this.file, { flags: 'a' });
    // A log that cannot be written must not end the tests.
    stream.on('error', () => {});
    return stream;
  }
}
