/** What a command has to do with: in a test, not the process's own. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  /** One or more lines, without the last line's end. */
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  input(): Promise<string>;
}

/** A command's exit code: it is as asked or clean; it is not; it could not be told. */
export const EXIT = { yes: 0, no: 1, failed: 2 } as const;

/** One of the commands beside the relay itself. Resolves with the exit code. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The command line is wrong, or something that it names cannot be used. The message says what to do, and no secret. */
export class UsageError extends Error {}

export const processTerminal: Terminal = {
  env: process.env,
  out: (text) => {
    process.stdout.write(`${text}\n`);
  },
  err: (text) => {
    process.stderr.write(`${text}\n`);
  },
  async input() {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  },
};
