import { closeSync, openSync } from 'node:fs';
import type Database from 'libsql';
import type { Lane } from './destination.js';
import { PublishError } from './errors.js';
import type { Message, Properties } from './message.js';

/** A message as it lies on disk. */
export interface StoredMessage {
  readonly sequence: number;
  readonly message: Message;
}

interface Row {
  readonly sequence: number;
  readonly lane: Lane;
  readonly exchange: string;
  readonly key: string;
  readonly properties: string;
  readonly expires_at: number | null;
  /** As libsql gives several rows; of one it makes a Buffer. */
  readonly content: ArrayBuffer;
}

/** Of our files: "RLYO". */
const APPLICATION_ID = 0x524c594f;
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE message (
    sequence INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,
    exchange TEXT NOT NULL,
    key TEXT NOT NULL,
    properties TEXT NOT NULL,
    expires_at INTEGER,
    content BLOB NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

/** The file of an outbox: what it says is written is on the disk (`synchronous = FULL`), and one process has it. */
export class OutboxStore {
  private readonly insertRow;
  private readonly deleteRow;
  private readonly selectPage;

  private constructor(private readonly database: Database.Database) {
    this.insertRow = database.prepare('INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.deleteRow = database.prepare('DELETE FROM message WHERE sequence = ?');
    this.selectPage = database.prepare('SELECT * FROM message WHERE sequence > ? ORDER BY sequence LIMIT ?');
  }

  /** @throws PublishError ERR_OUTBOX, ERR_OUTBOX_IN_USE */
  static async open(path: string): Promise<OutboxStore> {
    const Libsql = await load();
    let database: Database.Database | undefined;
    try {
      // Made here, for messages are nobody else's business; SQLite gives its other files the same rights.
      closeSync(openSync(path, 'a', 0o600));
      database = new Libsql(path);
      prepare(database);
      return new OutboxStore(database);
    } catch (error) {
      database?.close();
      throw failure(path, error);
    }
  }

  /** What is there, and the last sequence of it (0 when there is none). */
  totals(): { readonly messages: number; readonly bytes: number; readonly last: number } {
    return this.database
      .prepare(
        'SELECT count(*) AS messages, coalesce(sum(length(content)), 0) AS bytes, coalesce(max(sequence), 0) AS last FROM message',
      )
      .get() as { messages: number; bytes: number; last: number };
  }

  /** All of it is on disk, or none. Returns when it is. @throws Error of SQLite */
  write(added: readonly StoredMessage[], removed: readonly number[]): void {
    this.database.exec('BEGIN');
    try {
      for (const { sequence, message } of added) this.insert(sequence, message);
      for (const sequence of removed) this.deleteRow.run([sequence]);
      this.database.exec('COMMIT');
    } catch (error) {
      // A failed COMMIT has ended the transaction by itself in some cases.
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The oldest after a sequence. */
  read(after: number, limit: number): StoredMessage[] {
    return (this.selectPage.all([after, limit]) as Row[]).map((row) => ({
      sequence: row.sequence,
      message: {
        address: { lane: row.lane, exchange: row.exchange, key: row.key },
        content: Buffer.from(row.content),
        properties: JSON.parse(row.properties) as Properties,
        expiresAt: row.expires_at ?? undefined,
      },
    }));
  }

  /** Lets go of the lock, too, which `close` of libsql alone does no sooner than the garbage collector comes by. */
  close(): void {
    try {
      this.database.exec('PRAGMA journal_mode = DELETE');
      this.database.exec('PRAGMA locking_mode = NORMAL');
      this.totals();
    } catch {
      // A full disk, say. What was written is there, and whoever opens it next tidies up.
    } finally {
      this.database.close();
    }
  }

  private insert(sequence: number, { address, content, properties, expiresAt }: Message): void {
    const { lane, exchange, key } = address;
    const fields = [sequence, lane, exchange, key, JSON.stringify(properties), expiresAt ?? null, content];
    this.insertRow.run(fields);
  }
}

async function load(): Promise<typeof Database> {
  try {
    return (await import('libsql')).default;
  } catch (error) {
    throw new PublishError(
      'ERR_OUTBOX',
      'the outbox needs the package "libsql", which cannot be loaded: npm install libsql',
      { cause: error },
    );
  }
}

function prepare(database: Database.Database): void {
  // Exclusive: two processes would send everything twice, and neither keep the order.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA synchronous = FULL');
  database.pragma('journal_mode = WAL');
  // Takes the lock now, and not with the first message.
  database.exec('BEGIN EXCLUSIVE');
  const version = simple(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_master').get() as { n: number };
  if (version === 0 && tables.n === 0) database.exec(SCHEMA);
  else if (simple(database, 'application_id') !== APPLICATION_ID)
    throw new Error('it is another kind of database');
  else if (version !== VERSION)
    throw new Error(`it is of version ${version}, which this release does not know`);
  database.exec('COMMIT');
}

function simple(database: Database.Database, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name] ?? 0;
}

function failure(path: string, error: unknown): PublishError {
  const { code, message } = error as { code?: unknown; message: string };
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    return new PublishError(
      'ERR_OUTBOX_IN_USE',
      `another publisher has the outbox ${path}: give each process a file of its own`,
      { cause: error },
    );
  }
  return new PublishError('ERR_OUTBOX', `the outbox ${path} cannot be used: ${message}`, { cause: error });
}
